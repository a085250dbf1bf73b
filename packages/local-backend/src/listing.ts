import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  folderOf,
  isId,
  type Cancellable,
  type FileInfo,
  type NamedFileType,
} from 'restic-core/backend'
import { hasCode } from './errors.ts'

/** Sizes asked for at once: the threads Node has for files by default. */
const parallelStats = 4

/** A folder that is not there is empty; what is not a file named by an id is somebody else's. */
export async function* listFiles(
  root: string,
  type: NamedFileType,
  { signal }: Cancellable,
): AsyncGenerator<FileInfo> {
  const folder = join(root, folderOf(type))
  if (type !== 'pack') {
    yield* infosOf(folder, (await namesIn(folder, ['ENOENT'])).filter(isId), signal)
    return
  }
  for (const digits of await namesIn(folder, ['ENOENT'])) {
    if (!/^[0-9a-f]{2}$/.test(digits)) continue
    // A pack in the folder of another is out of reach: it would be looked for in its own.
    const names = (await namesIn(join(folder, digits), ['ENOENT', 'ENOTDIR'])).filter(
      (name) => isId(name) && name.startsWith(digits),
    )
    yield* infosOf(join(folder, digits), names, signal)
  }
}

async function* infosOf(
  folder: string,
  names: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<FileInfo> {
  for (let at = 0; at < names.length; at += parallelStats) {
    signal?.throwIfAborted()
    const group = names.slice(at, at + parallelStats)
    const infos = await Promise.all(group.map((name) => infoOf(folder, name)))
    for (const info of infos) if (info) yield info
  }
}

/** @param emptyOn codes that mean that there is no such folder */
async function namesIn(folder: string, emptyOn: readonly string[]): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (hasCode(error, ...emptyOn)) return []
    throw error
  }
}

/** Undefined for what is no file, or was removed since its folder was read. */
async function infoOf(folder: string, name: string): Promise<FileInfo | undefined> {
  try {
    const found = await stat(join(folder, name))
    return found.isFile() ? { name, size: found.size } : undefined
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}
