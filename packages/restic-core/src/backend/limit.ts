import { Budget } from '../base/concurrency.ts'
import type { Cancellable } from '../base/cancel.ts'
import type { BackendLayer, FileHandle, FileInfo, NamedFileType } from './backend.ts'
import { overriding } from './request.ts'

/**
 * Lets at most `connections` requests be in flight, the rest waits in order of arrival. A listing
 * counts while it waits for the store, not while its reader is busy, so that a reader may make
 * requests of its own. Locks pass at once: a lock that cannot be refreshed behind a queue of
 * uploads is lost.
 *
 * @param connections default: what the store likes, `traits.connections`
 */
export function limit(connections?: number): BackendLayer {
  return (inner) => {
    const slots = new Budget(connections ?? inner.traits.connections)

    async function held<T>(
      file: FileHandle | { readonly type: NamedFileType },
      options: Cancellable | undefined,
      request: () => Promise<T>,
    ): Promise<T> {
      if (file.type === 'lock') return request()
      await slots.take(1, options)
      try {
        return await request()
      } finally {
        slots.give(1)
      }
    }

    async function* list(type: NamedFileType, options?: Cancellable): AsyncGenerator<FileInfo> {
      const entries = inner.list(type, options)[Symbol.asyncIterator]()
      let ended = false
      try {
        for (;;) {
          const next = await held({ type }, options, () => entries.next())
          ended = next.done === true
          if (next.done === true) return
          yield next.value
        }
      } finally {
        if (!ended) await entries.return?.()
      }
    }

    return overriding(inner, {
      list,
      create: (options) => held({ type: 'config' }, options, () => inner.create(options)),
      stat: (file, options) => held(file, options, () => inner.stat(file, options)),
      read: (file, options) => held(file, options, () => inner.read(file, options)),
      write: (file, body, options) => held(file, options, () => inner.write(file, body, options)),
      remove: (file, options) => held(file, options, () => inner.remove(file, options)),
    })
  }
}
