import { concatBytes, equalBytes, totalLength } from '../base/bytes.ts'
import type { Cancellable } from '../base/cancel.ts'
import { BackendError, isResticError } from '../base/errors.ts'
import { fileLabel, type Backend, type FileHandle } from './backend.ts'

/**
 * A second attempt at an upload: the file may be there, in whole or so far in part.
 *
 * @throws BackendError 'refused', not permanent, while the store holds something else under the name
 */
export async function writeAgain(
  inner: Backend,
  file: FileHandle,
  body: readonly Uint8Array[],
  options: Cancellable | undefined,
): Promise<void> {
  if (await isStored(inner, file, body, options)) return
  try {
    await inner.write(file, body, options)
  } catch (error) {
    if (!isResticError(error, 'BACKEND') || error.reason !== 'refused') throw error
    if (await isStored(inner, file, body, options)) return
    // A server that has not yet seen our first attempt die keeps its half under the name, and
    // takes it away when it does (rest-server issue 142).
    throw new BackendError(error.message, 'refused', {
      permanent: false,
      hint: `The store holds another or an unfinished ${fileLabel(file)}; it was not touched.`,
      cause: error,
    })
  }
  // The same server may take the file away that the second attempt stored.
  if (await isStored(inner, file, body, options)) return
  throw new BackendError(`${fileLabel(file)} is not there after its upload`, 'unavailable')
}

async function isStored(
  inner: Backend,
  file: FileHandle,
  body: readonly Uint8Array[],
  options: Cancellable | undefined,
): Promise<boolean> {
  try {
    const { size } = await inner.stat(file, options)
    if (size !== totalLength(body)) return false
    if (file.type !== 'config') return true
    return equalBytes(await inner.read(file, options), concatBytes(body))
  } catch (error) {
    if (isResticError(error, 'BACKEND') && error.reason === 'not-found') return false
    throw error
  }
}
