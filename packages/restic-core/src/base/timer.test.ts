import { describe, expect, it } from 'vitest'
import { systemTimer } from './timer.ts'

describe('systemTimer', () => {
  it('sleeps at least as long as asked', async () => {
    const started = performance.now()
    await systemTimer.sleep(20)
    // Timers count whole milliseconds.
    expect(performance.now() - started).toBeGreaterThan(18)
  })

  it('wakes with the reason when it is cancelled', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const sleeping = systemTimer.sleep(60_000, { signal: stop.signal })
    stop.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
    await expect(systemTimer.sleep(1, { signal: stop.signal })).rejects.toBe(reason)
  })

  it('ticks until it is disposed', async () => {
    let ticks = 0
    const ticking = systemTimer.every(2, () => ticks++)
    await systemTimer.sleep(40)
    ticking[Symbol.dispose]()
    const counted = ticks
    expect(counted).toBeGreaterThan(2)
    await systemTimer.sleep(20)
    expect(ticks).toBe(counted)
  })
})
