import type { Cancellable } from './cancel.ts'
import { anySignal } from './cancel.ts'

/**
 * The results of `work` in the order of `items`, at most `limit` at once. Nothing starts before it
 * is asked for, and no more than `limit` results wait for a slow reader. Leaving the loop, or the
 * first failure, aborts the signal the others were given and waits for them.
 */
export async function* mapLimited<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  options: Cancellable = {},
): AsyncGenerator<Result, void> {
  const stop = new AbortController()
  const signal = anySignal(options.signal, stop.signal) ?? stop.signal
  const running: Promise<Result>[] = []
  try {
    for await (const item of items) {
      signal.throwIfAborted()
      const run = work(item, signal)
      // It is awaited in its turn; until then a failure must not count as unhandled.
      run.catch(() => undefined)
      running.push(run)
      if (running.length >= limit) yield await (running.shift() as Promise<Result>)
    }
    for (let next = running.shift(); next; next = running.shift()) {
      signal.throwIfAborted()
      yield await next
    }
  } finally {
    stop.abort(new DOMException('The results are no longer read', 'AbortError'))
    await Promise.allSettled(running)
  }
}
