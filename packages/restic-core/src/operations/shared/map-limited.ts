import type { Cancellable } from '../../base/cancel.ts'

/**
 * The results of `work`, in the order of `items`, at most `limit` being worked on at once. New work
 * starts only as results are taken, so the reader's pace is the pace of all. Leaving the loop, or a
 * failure, aborts the signal that the others were given and waits for them to end.
 */
export async function* mapLimited<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  options: Cancellable = {},
): AsyncGenerator<Result, void> {
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const running: Promise<Result>[] = []
  try {
    for await (const item of items) {
      signal.throwIfAborted()
      const run = work(item, signal)
      // The failure is thrown when its turn comes, or not at all when the loop is left before.
      run.catch(() => undefined)
      running.push(run)
      if (running.length >= limit) yield await (running.shift() as Promise<Result>)
    }
    while (running.length > 0) yield await (running.shift() as Promise<Result>)
  } finally {
    stop.abort(new DOMException('The results are no longer wanted', 'AbortError'))
    await Promise.allSettled(running)
  }
}
