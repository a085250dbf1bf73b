import { totalLength } from '../base/bytes.ts'
import type { Cancellable } from '../base/cancel.ts'
import type { Clock } from '../base/clock.ts'
import type { BackendLayer, FileInfo, NamedFileType } from './backend.ts'
import { overriding, type BackendRequest } from './request.ts'

/** A request that ended. A listing ends when its reader leaves it. */
export interface RequestEvent {
  readonly type: 'request'
  readonly request: BackendRequest
  readonly durationMs: number
  /** content that was read or written, bytes; 0 after a failure */
  readonly bytes: number
  /** what it was rejected with */
  readonly error: unknown
}

/** Reports each request when it ends. */
export function trace(
  clock: Pick<Clock, 'nowNs'>,
  onEvent: (event: RequestEvent) => void,
): BackendLayer {
  const start = (request: BackendRequest): ((bytes: number, error?: unknown) => void) => {
    const startNs = clock.nowNs()
    return (bytes, error) => {
      const durationMs = Number(clock.nowNs() - startNs) / 1e6
      onEvent({ type: 'request', request, durationMs, bytes, error })
    }
  }

  async function timed<T>(
    request: BackendRequest,
    run: () => Promise<T>,
    bytesOf: (result: T) => number = () => 0,
  ): Promise<T> {
    const end = start(request)
    let result: T
    try {
      result = await run()
    } catch (error) {
      end(0, error)
      throw error
    }
    end(bytesOf(result))
    return result
  }

  return (inner) =>
    overriding(inner, {
      create: (options) => timed({ operation: 'create' }, () => inner.create(options)),
      stat: (file, options) => timed({ operation: 'stat', file }, () => inner.stat(file, options)),
      remove: (file, options) =>
        timed({ operation: 'remove', file }, () => inner.remove(file, options)),
      read: (file, options) =>
        timed(
          { operation: 'read', file, range: options?.range },
          () => inner.read(file, options),
          (content) => content.length,
        ),
      write: (file, body, options) => {
        const size = totalLength(body)
        const run = (): Promise<void> => inner.write(file, body, options)
        return timed({ operation: 'write', file, size }, run, () => size)
      },
      async *list(type: NamedFileType, options?: Cancellable): AsyncGenerator<FileInfo> {
        const end = start({ operation: 'list', type })
        let failure: unknown
        try {
          yield* inner.list(type, options)
        } catch (error) {
          failure = error
          throw error
        } finally {
          end(0, failure)
        }
      },
    })
}
