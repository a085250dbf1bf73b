import { chmod, mkdir, open, stat, unlink, type FileHandle as OpenFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import {
  BackendError,
  byteRates,
  fileLabel,
  folderOf,
  foldersOfRepository,
  nameOf,
  pathOf,
  shortRead,
  type Backend,
  type ByteRates,
  type Cancellable,
  type FileHandle,
  type RateLimits,
  type ReadOptions,
} from 'restic-core/backend'
import { asBackendError, hasCode, isSystemError } from './errors.ts'
import { listFiles } from './listing.ts'
import { flushFolder, writeNewFile } from './new-file.ts'
import { waitFor } from './wait-for.ts'

export interface LocalBackendOptions {
  /** The folder of the repository; a relative path is taken from where the process is now. */
  readonly path: string
  /** Default 2: more make one disk slower. */
  readonly connections?: number | undefined
  /** For the contents of all files together. Default: none. */
  readonly limits?: RateLimits | undefined
}

/** Cancelling waits for one piece at most, bytes. */
const pieceLength = 8 * 1024 * 1024

/** A repository in a folder, laid out and protected as restic does it. */
export function localBackend(options: LocalBackendOptions): Backend {
  const root = resolve(options.path)
  const rates = byteRates(options.limits, () => performance.now())
  const place = (file: FileHandle): string => join(root, pathOf(file))

  return {
    location: root,
    traits: { connections: options.connections ?? 2, atomicReplace: false },

    create: (call) => guarded(root, call, () => createRepository(root)),

    async *list(type, call = {}) {
      call.signal?.throwIfAborted()
      const entries = listFiles(root, type, call)
      for (;;) {
        const next = await guarded(join(root, folderOf(type)), call, () => entries.next())
        if (next.done === true) return
        yield next.value
      }
    },

    stat: (file, call) =>
      guarded(fileLabel(file), call, async () => {
        const { size } = await stat(place(file))
        return { name: nameOf(file), size }
      }),

    read: (file, call) =>
      guarded(fileLabel(file), call, async () => {
        const handle = await open(place(file), 'r')
        try {
          return await readRange(file, handle, rates, call ?? {})
        } finally {
          await handle.close()
        }
      }),

    write: (file, body, call) =>
      guarded(fileLabel(file), call, async () => {
        const stored = await writeFile(root, place(file), body, rates, call ?? {})
        if (stored) return
        throw new BackendError(`${fileLabel(file)} exists with other content`, 'refused')
      }),

    remove: (file, call) =>
      guarded(fileLabel(file), call, async () => {
        const path = place(file)
        // Windows removes no file that is read-only.
        if (process.platform === 'win32') await chmod(path, 0o600)
        await unlink(path)
      }),

    [Symbol.asyncDispose]: async () => {},
  }
}

async function guarded<T>(
  what: string,
  { signal }: Cancellable = {},
  run: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  try {
    return await run()
  } catch (error) {
    signal?.throwIfAborted()
    throw isSystemError(error) ? asBackendError(error, what) : error
  }
}

async function createRepository(root: string): Promise<void> {
  if (await exists(join(root, 'config'))) {
    throw new BackendError(`there is a repository in ${root} already`, 'refused')
  }
  await makeFolders(root)
  for (const folder of foldersOfRepository()) {
    await mkdir(join(root, folder), { recursive: true, mode: 0o700 })
  }
  await flushFolder(join(root, 'data'))
  await flushFolder(root)
}

/**
 * Node's own recursive mkdir never ends where a folder exists and none can be made in it for
 * `ENOENT`, as in /proc.
 */
async function makeFolders(path: string): Promise<void> {
  if (await exists(path)) return
  const above = dirname(path)
  if (above !== path) await makeFolders(above)
  try {
    await mkdir(path, 0o700)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
}

async function readRange(
  file: FileHandle,
  handle: OpenFile,
  { download }: ByteRates,
  { range, into, signal }: ReadOptions,
): Promise<Uint8Array> {
  const { size } = await handle.stat()
  const wanted = range ?? { offset: 0, length: size }
  if (wanted.offset + wanted.length > size) throw shortRead(file, wanted, size)
  const fits = into !== undefined && wanted.length <= into.length
  const bytes = fits ? into.subarray(0, wanted.length) : new Uint8Array(wanted.length)
  for (let at = 0; at < bytes.length;) {
    signal?.throwIfAborted()
    const length = Math.min(download?.pieceLength ?? pieceLength, pieceLength, bytes.length - at)
    await waitFor(download, length, signal)
    const { bytesRead } = await handle.read(bytes, at, length, wanted.offset + at)
    if (bytesRead === 0) throw shortRead(file, wanted, wanted.offset + at)
    at += bytesRead
  }
  return bytes
}

/** Makes the folder of the file when it is missing, as in a repository copied without empty folders. */
async function writeFile(
  root: string,
  path: string,
  body: readonly Uint8Array[],
  { upload }: ByteRates,
  call: Cancellable,
): Promise<boolean> {
  const modes = await modesOf(root)
  try {
    return await writeNewFile(path, body, modes.file, upload, call)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    if (!(await exists(join(root, 'config')))) {
      // Making folders here could fill the empty mount point of a disk that went away.
      throw new BackendError(`there is no repository in ${root}`, 'unavailable', {
        permanent: true,
        hint: 'Check that the disk of the repository is mounted.',
        cause: error,
      })
    }
  }
  const folder = dirname(path)
  await mkdir(folder, { recursive: true, mode: modes.folder })
  await flushFolder(dirname(folder))
  return writeNewFile(path, body, modes.file, upload, call)
}

/** A config that its group may read says that the group shares the repository; restic's rule. */
async function modesOf(root: string): Promise<{ readonly folder: number; readonly file: number }> {
  try {
    const config = await stat(join(root, 'config'))
    if ((config.mode & 0o040) !== 0) return { folder: 0o770, file: 0o440 }
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  return { folder: 0o700, file: 0o400 }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}
