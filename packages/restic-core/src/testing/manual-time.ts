import type { Clock } from '../base/clock.ts'
import type { Timer } from '../base/timer.ts'

/** A clock and a timer that stand still until they are told. */
export interface ManualTime {
  readonly clock: Clock
  readonly timer: Timer
  /** Lets time pass. What becomes due runs in order, each with what follows from it. */
  advance(ms: number): Promise<void>
  /** Moves the clock as a sleeping machine or its owner does: no timer runs meanwhile. */
  jump(ms: number): void
}

interface Due {
  atMs: number
  readonly everyMs: number | undefined
  readonly run: () => void
}

/** @param startNs nanoseconds since 1970 */
export function manualTime(startNs = 1_700_000_000_000_000_000n): ManualTime {
  let clockNs = startNs
  let elapsedMs = 0
  const waiting = new Set<Due>()

  function next(untilMs: number): Due | undefined {
    const due = [...waiting].filter(({ atMs }) => atMs <= untilMs)
    return due.toSorted((a, b) => a.atMs - b.atMs)[0]
  }

  function moveTo(ms: number): void {
    clockNs += BigInt(ms - elapsedMs) * 1_000_000n
    elapsedMs = ms
  }

  return {
    clock: { nowNs: () => clockNs, utcOffset: () => 0 },
    timer: {
      sleep: (ms, { signal } = {}) =>
        new Promise((resolve, reject) => {
          signal?.throwIfAborted()
          const due = { atMs: elapsedMs + ms, everyMs: undefined, run: resolve }
          waiting.add(due)
          const abandon = (): void => {
            waiting.delete(due)
            reject(signal?.reason as Error)
          }
          signal?.addEventListener('abort', abandon, { once: true })
        }),
      every(ms, run) {
        const due = { atMs: elapsedMs + ms, everyMs: ms, run }
        waiting.add(due)
        return { [Symbol.dispose]: () => void waiting.delete(due) }
      },
    },
    async advance(ms) {
      const untilMs = elapsedMs + ms
      await turns()
      for (let due = next(untilMs); due; due = next(untilMs)) {
        moveTo(due.atMs)
        if (due.everyMs === undefined) waiting.delete(due)
        else due.atMs += due.everyMs
        due.run()
        await turns()
      }
      moveTo(untilMs)
    },
    jump(ms) {
      clockNs += BigInt(ms) * 1_000_000n
    },
  }
}

/** Lets everything run that waits for no timer and no file. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}
