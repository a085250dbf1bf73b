import { randomInt } from 'node:crypto'
import {
  chmod,
  link,
  open,
  readFile,
  rename,
  stat,
  unlink,
  type FileHandle,
} from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  concatBytes,
  equalBytes,
  totalLength,
  type ByteRate,
  type Cancellable,
} from 'restic-core/backend'
import { hasCode } from './errors.ts'
import { waitFor } from './wait-for.ts'

/** Cancelling waits for one piece at most, bytes. */
const pieceLength = 4 * 1024 * 1024

/**
 * Writes a file so that, whenever the machine stops, its name has either all of the content or is
 * not there: into `<path>-tmp-<digits>` beside it, fsync, then the name, then fsync of the folder.
 *
 * @param mode of the finished file
 * @returns false when there is a file of that name with other content, which is left alone; the
 *   same content is a success
 */
export async function writeNewFile(
  path: string,
  body: readonly Uint8Array[],
  mode: number,
  rate: ByteRate | undefined,
  { signal }: Cancellable,
): Promise<boolean> {
  const isThere = (await sameContent(path, body)) ?? (await makeFile(path, body, rate, signal))
  if (!isThere) return false
  // Also of one that was there: who made it may have stopped before this.
  await flushFolder(dirname(path))
  await protect(path, mode)
  return true
}

/** False when somebody else made a file of that name meanwhile, and another one. */
async function makeFile(
  path: string,
  body: readonly Uint8Array[],
  rate: ByteRate | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const temporary = `${path}-tmp-${randomInt(2 ** 48 - 1)}`
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await writeAll(handle, body, rate, signal)
      await flush(handle)
    } finally {
      await handle.close()
    }
    signal?.throwIfAborted()
    return (await giveName(temporary, path)) || ((await sameContent(path, body)) ?? false)
  } catch (error) {
    // The first failure is the one to report; a leftover is ignored by every reader.
    await unlink(temporary).catch(() => {})
    throw error
  }
}

/** Undefined when there is no such file. */
async function sameContent(
  path: string,
  body: readonly Uint8Array[],
): Promise<boolean | undefined> {
  try {
    if ((await stat(path)).size !== totalLength(body)) return false
    return equalBytes(await readFile(path), concatBytes(body))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

async function writeAll(
  handle: FileHandle,
  body: readonly Uint8Array[],
  rate: ByteRate | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const lengthMax = Math.min(rate?.pieceLength ?? pieceLength, pieceLength)
  for (const batch of batches(body, lengthMax)) {
    signal?.throwIfAborted()
    await waitFor(rate, totalLength(batch), signal)
    let rest = batch
    while (rest.length > 0) rest = dropBytes(rest, (await handle.writev(rest)).bytesWritten)
  }
}

/** Groups the arrays, cutting long ones, so that each group has at most `lengthMax` bytes. */
function* batches(body: readonly Uint8Array[], lengthMax: number): Generator<Uint8Array[]> {
  let batch: Uint8Array[] = []
  let room = lengthMax
  for (const bytes of body) {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + room)
      batch.push(piece)
      at += piece.length
      room -= piece.length
      if (room > 0) continue
      yield batch
      batch = []
      room = lengthMax
    }
  }
  if (batch.length > 0) yield batch
}

/** The arrays without their first `count` bytes: a write may stop anywhere. */
function dropBytes(list: readonly Uint8Array[], count: number): Uint8Array[] {
  let drop = count
  const rest: Uint8Array[] = []
  for (const bytes of list) {
    if (drop < bytes.length) rest.push(drop > 0 ? bytes.subarray(drop) : bytes)
    drop = Math.max(0, drop - bytes.length)
  }
  return rest
}

/**
 * Moves a file to a name that is free, and says whether it was. A second name by `link` fails when
 * the name is taken, where `rename` would replace; file systems without links get the `rename`.
 */
async function giveName(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path)
  } catch (error) {
    const taken = hasCode(error, 'EEXIST')
    if (!taken && !hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EISDIR')) {
      throw error
    }
    if (!taken && (await isFree(path))) {
      await rename(temporary, path)
      return true
    }
    await unlink(temporary)
    return false
  }
  await unlink(temporary)
  return true
}

async function isFree(path: string): Promise<boolean> {
  try {
    await stat(path)
    return false
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true
    throw error
  }
}

/** Some file systems cannot do it and say EINVAL or ENOTSUP; restic goes on too. */
async function flush(handle: FileHandle): Promise<void> {
  try {
    await handle.sync()
  } catch (error) {
    if (!hasCode(error, 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP')) throw error
  }
}

/** Makes names durable. Windows opens no folders and needs none of it. */
export async function flushFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await flush(handle)
  } finally {
    await handle.close()
  }
}

/** Read-only, against accidents. Some file systems, such as exFAT, have no modes. */
async function protect(path: string, mode: number): Promise<void> {
  try {
    await chmod(path, mode)
  } catch (error) {
    if (!hasCode(error, 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) throw error
  }
}
