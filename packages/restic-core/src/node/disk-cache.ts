import { constants } from 'node:fs'
import {
  chmod,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { concatBytes } from '../base/bytes.ts'
import { UnsupportedError } from '../base/errors.ts'
import { isId, type RepositoryId } from '../base/id.ts'
import type { ByteRange } from '../backend/backend.ts'
import type { CachedType, CacheStore } from '../backend/cache.ts'
import { folderOf } from '../backend/layout.ts'
import { makeFolders } from './folders.ts'

/** restic writes and reads the same folders, so the two may share a cache. */
const version = 1
const tag = 'Signature: 8a477f597d28d172789f06886806bc55\n'
const cachedTypes: readonly CachedType[] = ['pack', 'index', 'snapshot']
const unusedAgeMs = 30 * 24 * 60 * 60_000

/**
 * The cache of one repository on disk, as restic lays it out:
 *
 *     <folder>/CACHEDIR.TAG                        so that backups leave it out
 *     <folder>/<repository id>/version             `1`
 *     <folder>/<repository id>/data/ab/ab...       likewise index/ and snapshots/
 *
 * Folders have mode 0700, files 0600. The time of the repository's folder is that of its last use.
 *
 * @throws UnsupportedError when a newer program made it, in a way we do not know
 */
export async function openDiskCache(options: {
  /** Holds the caches of all repositories. */
  readonly folder: string
  readonly repository: RepositoryId
}): Promise<CacheStore> {
  const root = join(options.folder, options.repository)
  makeFolders(root, 0o700)
  await writeIfAbsent(join(options.folder, 'CACHEDIR.TAG'), tag, 0o644)
  await writeIfAbsent(join(root, 'version'), String(version), 0o600)
  const found = await readFile(join(root, 'version'), 'utf8')
  if (!(Number(found) <= version)) {
    throw new UnsupportedError(`the cache ${root} has version ${JSON.stringify(found)}`, {
      hint: 'Remove that folder, or run without a cache.',
    })
  }
  for (const type of cachedTypes)
    await mkdir(join(root, folderOf(type)), { recursive: true, mode: 0o700 })
  const now = new Date()
  await utimes(root, now, now)
  return diskCacheStore(root)
}

function diskCacheStore(root: string): CacheStore {
  const folderFor = (type: CachedType, name: string): string =>
    join(root, folderOf(type), name.slice(0, 2))

  return {
    async get(type, name, range) {
      return readPart(join(folderFor(type, name), name), range)
    },

    async put(type, name, body) {
      const folder = folderFor(type, name)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const temporary = join(folder, `tmp-${randomInt(2 ** 48 - 1)}`)
      try {
        await writeFile(temporary, concatBytes(body), { flag: 'wx', mode: 0o600 })
        await rename(temporary, join(folder, name))
      } catch (error) {
        await unlink(temporary).catch(ignoreAbsent)
        throw error
      }
    },

    async list(type) {
      const names: string[] = []
      const folder = join(root, folderOf(type))
      for (const digits of await readdir(folder).catch(emptyIfAbsent)) {
        const found = await readdir(join(folder, digits)).catch(emptyIfAbsent)
        names.push(...found.filter((name) => isId(name) && name.startsWith(digits)))
      }
      return names
    },

    async remove(type, name) {
      await unlink(join(folderFor(type, name), name)).catch(ignoreAbsent)
    },
  }
}

/** Undefined when the file is absent or ends before the range. */
async function readPart(
  path: string,
  range: ByteRange | undefined,
): Promise<Uint8Array | undefined> {
  let handle
  try {
    handle = await open(path, constants.O_RDONLY)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
  try {
    const { size } = await handle.stat()
    const { offset, length } = range ?? { offset: 0, length: size }
    if (offset + length > size) return undefined
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length;) {
      const { bytesRead } = await handle.read(bytes, at, length - at, offset + at)
      if (bytesRead === 0) return undefined
      at += bytesRead
    }
    return bytes
  } finally {
    await handle.close()
  }
}

/** The environment variables of a process. */
type Environment = Readonly<Record<string, string | undefined>>

/**
 * Where restic keeps its caches on this system: `RESTIC_CACHE_DIR`, else `restic` in the user's cache
 * folder. Undefined when the environment names no home.
 */
export function defaultCacheFolder(
  environment: Environment,
  platform: NodeJS.Platform,
): string | undefined {
  const named = environment['RESTIC_CACHE_DIR']
  if (named) return named
  const home = environment['HOME']
  if (platform === 'win32') return below(environment['LOCALAPPDATA'], 'restic')
  if (platform === 'darwin') return below(home, 'Library', 'Caches', 'restic')
  return below(environment['XDG_CACHE_HOME'], 'restic') ?? below(home, '.cache', 'restic')
}

function below(folder: string | undefined, ...names: readonly string[]): string | undefined {
  return folder ? join(folder, ...names) : undefined
}

/** The caches that were not used for 30 days, as paths. */
export async function unusedCaches(folder: string, nowMs: number): Promise<readonly string[]> {
  const unused: string[] = []
  for (const name of await readdir(folder).catch(emptyIfAbsent)) {
    if (!isId(name) && !/^restic-check-cache-\d+$/.test(name)) continue
    const found = await stat(join(folder, name))
    if (found.isDirectory() && nowMs - found.mtimeMs > unusedAgeMs) unused.push(join(folder, name))
  }
  return unused
}

/** @param path of the cache of one repository, or of a folder of caches */
export async function removeCache(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(ignoreAbsent)
}

async function writeIfAbsent(path: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode })
    await chmod(path, mode)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
}

function emptyIfAbsent(error: unknown): readonly string[] {
  if (isAbsent(error)) return []
  throw error
}

function ignoreAbsent(error: unknown): void {
  if (!isAbsent(error)) throw error
}

function isAbsent(error: unknown): boolean {
  return hasCode(error, 'ENOENT', 'ENOTDIR')
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
