import { anySignal } from 'restic-core'
import {
  type Backend,
  BackendError,
  type BackendLayer,
  type Cancellable,
  type FileHandle,
  type FileInfo,
  type NamedFileType,
  overriding,
} from 'restic-core/backend'

/** What is asked for before anything is found to do. All of them are small. */
const openingTypes: ReadonlySet<FileHandle['type']> = new Set(['config', 'key', 'snapshot'])

/**
 * Gives up requests that open a repository after so long, once: somebody waits for the game to start,
 * and a server that hangs will hang again. Transfers of content have the time that the store gives
 * them, and how long a listing of snapshots may take depends on how many there are.
 *
 * @param limitMs for one request, milliseconds
 */
export function answerLimit(limitMs: number): BackendLayer {
  return (inner) => {
    async function within<T>(
      type: FileHandle['type'],
      options: Cancellable | undefined,
      request: (signal: AbortSignal | undefined) => Promise<T>,
    ): Promise<T> {
      if (!openingTypes.has(type)) return request(options?.signal)
      return answeredWithin(limitMs, inner, options, request)
    }

    async function* list(type: NamedFileType, options?: Cancellable): AsyncGenerator<FileInfo> {
      if (type !== 'key') return yield* inner.list(type, options)
      yield* await within(type, options, async (signal) => {
        const found: FileInfo[] = []
        for await (const info of inner.list(type, { signal })) found.push(info)
        return found
      })
    }

    return overriding(inner, {
      list,
      stat: (file, options) => within(file.type, options, (signal) => inner.stat(file, { signal })),
      read: (file, options) =>
        within(file.type, options, (signal) => inner.read(file, { ...options, signal })),
    })
  }
}

/** @throws BackendError 'unavailable' when what the store is asked for takes longer */
export async function answeredWithin<T>(
  limitMs: number,
  { location }: Pick<Backend, 'location'>,
  options: Cancellable | undefined,
  request: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const patience = AbortSignal.timeout(limitMs)
  try {
    return await request(anySignal(options?.signal, patience))
  } catch (error) {
    if (!patience.aborted || error !== patience.reason) throw error
    const text = `${location} did not answer in ${limitMs / 1000} seconds`
    throw new BackendError(text, 'unavailable', { permanent: true, cause: error })
  }
}
