import { closeSync, openSync, readSync } from 'node:fs'
import { basename, dirname, resolve, sep } from 'node:path'
import {
  type Exclusion,
  type PatternList,
  type SourceEntry,
  type SourceTree,
  type Target,
  joinPath,
  matchPatterns,
} from 'restic-core'
import { nameToBytes } from 'restic-core/format'
import { Failure } from '../../shared/failure.ts'
import { readable } from './readable.ts'

/** A file that marks a directory whose other content is left out. */
interface TagFile {
  readonly name: string
  /** How its content must begin; '' leaves that open. */
  readonly header: string
}

/** https://bford.info/cachedir/ */
export const cacheTag: TagFile = {
  name: 'CACHEDIR.TAG',
  header: 'Signature: 8a477f597d28d172789f06886806bc55',
}

/** Reads `name` or `name:header`. */
export function parseTagFile(text: string): TagFile {
  if (text === '') throw new Failure('name for exclusion tagfile is empty')
  const colon = text.indexOf(':')
  if (colon === 0) throw new Failure('no name for exclusion tagfile provided')
  return colon < 0
    ? { name: text, header: '' }
    : { name: text.slice(0, colon), header: text.slice(colon + 1) }
}

export interface ExclusionRules {
  readonly source: Pick<SourceTree, 'entry'>
  readonly patterns: readonly PatternList[]
  /** absolute; left out with everything below */
  readonly folders: readonly string[]
  /** files of more bytes are left out */
  readonly sizeMax?: number | undefined
  readonly tagFiles: readonly TagFile[]
  /** Numbers of the file systems that may be entered, by absolute target; all when not given. */
  readonly devices?: ReadonlyMap<string, bigint> | undefined
}

/** What a backup leaves out, decided by absolute path, then by what the entry is. */
export function makeExclusion(rules: ExclusionRules, warn: (text: string) => void): Exclusion {
  const { patterns, sizeMax, tagFiles, devices, source } = rules
  const folders = new Set(rules.folders)
  const workingFolder = resolve('.')
  const allowed = (path: string, { deviceId }: Pick<SourceEntry, 'deviceId'>): boolean =>
    devices === undefined || isAllowedDevice(devices, absolutePath(path, workingFolder), deviceId)
  return {
    byPath: (path) => {
      const absolute = absolutePath(path, workingFolder)
      return folders.has(absolute) || patterns.some((list) => matchPatterns(list, absolute).matched)
    },
    byEntry: (path, entry) => {
      const isLarge = entry.type !== 'dir' && sizeMax !== undefined && entry.size > sizeMax
      if (isLarge || allowed(path, entry)) return isLarge
      // The directory where another file system is mounted belongs to the one above.
      const above = dirname(path)
      const entryAbove = entry.type === 'dir' ? readable(() => source.entry(above)) : undefined
      return entryAbove === undefined || !allowed(above, entryAbove)
    },
    onlyEntry: (path, names) =>
      tagFiles.find((tag) => names.includes(tag.name) && isTagged(path, tag, warn))?.name,
  }
}

/** This is asked for every entry, and paths below a clean target are clean. */
function absolutePath(path: string, workingFolder: string): string {
  if (path.startsWith('/')) return path
  const isPlain = sep === '/' && !path.startsWith('.')
  return isPlain ? joinPath(workingFolder, path) : resolve(path)
}

/** The nearest target above decides. */
function isAllowedDevice(
  devices: ReadonlyMap<string, bigint>,
  path: string,
  device: bigint,
): boolean {
  for (let folder = path; ; folder = resolve(folder, '..')) {
    const allowed = devices.get(folder)
    if (allowed !== undefined) return allowed === device
    if (folder === resolve(folder, '..')) return true
  }
}

/** The targets without those that stand beside a file that marks their directory. */
export function withoutTagged(
  targets: readonly Target[],
  { tagFiles, source }: ExclusionRules,
  warn: (text: string) => void,
): Target[] {
  if (tagFiles.length === 0) return [...targets]
  const tags = new Map<string, TagFile | undefined>()
  const tagOf = (folder: string): TagFile | undefined => {
    const found = tags.has(folder)
      ? tags.get(folder)
      : tagFiles.find((tag) => isThere(`${folder}/${tag.name}`) && isTagged(folder, tag, warn))
    tags.set(folder, found)
    return found
  }
  const isThere = (path: string): boolean => readable(() => source.entry(path)) !== undefined
  const kept = (list: readonly Target[]): Target[] =>
    list.flatMap((target) => {
      if (target.children !== undefined) return { ...target, children: kept(target.children) }
      const tag = tagOf(dirname(target.source))
      return tag === undefined || tag.name === basename(target.source) ? target : []
    })
  return kept(targets)
}

function isTagged(folder: string, tag: TagFile, warn: (text: string) => void): boolean {
  if (tag.header === '') return true
  const path = `${folder}/${tag.name}`
  const wanted = Buffer.from(tag.header)
  try {
    const file = openSync(Buffer.from(nameToBytes(path)), 'r')
    try {
      const found = Buffer.alloc(wanted.length)
      const length = readSync(file, found, 0, found.length, 0)
      return length === wanted.length && found.equals(wanted)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    warn(
      `could not read signature from exclusion tagfile ${JSON.stringify(path)}: ${String(error)}`,
    )
    return false
  }
}
