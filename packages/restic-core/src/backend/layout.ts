import { isId } from '../base/id.ts'
import type { FileHandle, NamedFileType } from './backend.ts'

const folders = {
  pack: 'data',
  index: 'index',
  key: 'keys',
  lock: 'locks',
  snapshot: 'snapshots',
} as const satisfies Record<NamedFileType, string>

export const namedFileTypes: readonly NamedFileType[] = ['pack', 'index', 'key', 'lock', 'snapshot']

/** The folder of a type below the root of a repository: `data`, `index`, `keys`, ... */
export function folderOf(type: NamedFileType): string {
  return folders[type]
}

/**
 * Where a store that is a folder keeps a file, with forward slashes:
 *
 *     config
 *     data/<first two digits>/<64 hex digits>      packs
 *     index/ keys/ locks/ snapshots/ <64 hex digits>
 *
 * Source: restic's design document, section "Repository Layout".
 * @throws TypeError when the name is not an id: it could leave the repository.
 */
export function pathOf(file: FileHandle): string {
  if (file.type === 'config') return 'config'
  const name = idOf(file)
  const folder = folders[file.type]
  return file.type === 'pack' ? `${folder}/${name.slice(0, 2)}/${name}` : `${folder}/${name}`
}

/**
 * The same in a URL of the REST protocol, where packs have no folder of two digits.
 * @throws TypeError when the name is not an id.
 */
export function urlPathOf(file: FileHandle): string {
  return file.type === 'config' ? 'config' : `${folders[file.type]}/${idOf(file)}`
}

/** Every folder of an empty repository, parents first: 5 for the types, 256 for packs. */
export function foldersOfRepository(): readonly string[] {
  const packs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
  return [...Object.values(folders), ...packs.map((digits) => `${folders.pack}/${digits}`)]
}

/** The name of a file in `FileInfo`. */
export function nameOf(file: FileHandle): string {
  return file.type === 'config' ? 'config' : file.name
}

function idOf(file: Exclude<FileHandle, { type: 'config' }>): string {
  if (!isId(file.name)) throw new TypeError(`not the name of a ${file.type}: ${file.name}`)
  return file.name
}
