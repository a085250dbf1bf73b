/**
 * Turns an operation that reports by callback into a loop: `for await (const event of stream)`. The
 * type of the events must be named, for the operation takes the callback and cannot tell it:
 * `eventStream<RestoreEvent, RestoreSummary>((onEvent, signal) => restore(…, { onEvent, signal }))`.
 * Leaving the loop aborts the operation. The queue is unbounded, so this is for screens, not for
 * pipelines.
 */
export interface EventStream<Event, Result> extends AsyncIterable<Event> {
  readonly result: Promise<Result>
}

export function eventStream<Event, Result>(
  operation: (onEvent: (event: Event) => void, stop: AbortSignal) => Promise<Result>,
): EventStream<Event, Result> {
  const queue: Event[] = []
  const stop = new AbortController()
  let ended = false
  let wake: (() => void) | undefined
  const notify = (): void => {
    wake?.()
    wake = undefined
  }
  const result = operation((event) => {
    queue.push(event)
    notify()
  }, stop.signal)
  const end = (): void => {
    ended = true
    notify()
  }
  void result.then(end, end)
  async function* events(): AsyncGenerator<Event, void> {
    try {
      for (;;) {
        while (queue.length > 0) yield queue.shift() as Event
        if (ended) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      if (!ended) stop.abort(new DOMException('The events are no longer read', 'AbortError'))
    }
  }
  return { result, [Symbol.asyncIterator]: events }
}
