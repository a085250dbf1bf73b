import type { Dispatcher } from 'undici'
import { byteRates, concatBytes, type RateLimits } from 'restic-core/backend'
import { noise } from 'restic-core/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { exchange, type HttpAnswer, type HttpRequest } from './exchange.ts'
import { uploadBody } from './upload-body.ts'

/** A connection whose two ends the test plays. */
class Line {
  body: AsyncIterator<Uint8Array> | undefined
  handler: Dispatcher.DispatchHandler = {}
  readonly controller = {
    paused: false,
    pause: () => void (this.controller.paused = true),
    resume: () => void (this.controller.paused = false),
    abort: vi.fn<() => void>(),
  }

  dispatch({ body }: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.body = (body as AsyncIterable<Uint8Array> | null)?.[Symbol.asyncIterator]()
    this.handler = handler
    handler.onRequestStart?.(this.#asController(), {})
    return true
  }

  receive(chunk: Uint8Array): void {
    this.handler.onResponseData?.(this.#asController(), Buffer.from(chunk))
  }

  answer(length: number, connection = 'keep-alive'): void {
    const headers = { 'content-length': String(length), connection }
    this.handler.onResponseStart?.(this.#asController(), 200, headers)
  }

  end(): void {
    this.handler.onResponseEnd?.(this.#asController(), {})
  }

  #asController(): Dispatcher.DispatchController {
    return this.controller as unknown as Dispatcher.DispatchController
  }
}

function request(limits: RateLimits, more: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'GET',
    path: '/',
    origin: 'http://test',
    headers: {},
    answerLengthMax: 1_000_000,
    stuckTimeoutMs: 3000,
    rates: byteRates(limits, () => performance.now()),
    ...more,
  }
}

function start(wanted: HttpRequest) {
  const line = new Line()
  const answer = exchange(line as unknown as Dispatcher, wanted)
  answer.catch(() => undefined)
  return { line, answer }
}

describe('a limited exchange', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('gives an upload away in small pieces, at the rate', async () => {
    const content = noise(40_000, 1)
    const upload = request({ uploadBytesPerSecond: 8192 }, { body: uploadBody([content]) })
    const { line, answer } = start({ ...upload, method: 'POST' })
    const times: number[] = []
    const startMs = performance.now()
    let sent = 0
    const sending = (async () => {
      for (;;) {
        const next = await line.body?.next()
        if (next?.done !== false) return
        sent += next.value.length
        expect(next.value.length).toBeLessThanOrEqual(1024)
        times.push(performance.now() - startMs)
      }
    })()
    await vi.advanceTimersByTimeAsync(3000)
    // What a second may pass at once, and then what three seconds give.
    expect(sent).toBe(4 * 8192)
    await vi.advanceTimersByTimeAsync(900)
    await sending
    expect(sent).toBe(40_000)
    expect(times.at(-1)).toBeCloseTo((40_000 / 8192 - 1) * 1000, -1)
    line.answer(0)
    line.end()
    // Nothing is left to wait for.
    expect(vi.getTimerCount()).toBe(0)
    expect(await answer).toMatchObject({ status: 200 })
  })

  it('reads on when the rate allows, and shares it with the others', async () => {
    const wanted = request({ downloadBytesPerSecond: 1000 })
    const [one, other] = [start(wanted), start(wanted)]
    one.line.answer(2000)
    other.line.answer(1000)
    one.line.receive(noise(1000, 2))
    expect(one.line.controller.paused).toBe(false)
    one.line.receive(noise(1000, 3))
    other.line.receive(noise(1000, 4))
    expect([one.line.controller.paused, other.line.controller.paused]).toEqual([true, true])
    await vi.advanceTimersByTimeAsync(1000)
    expect([one.line.controller.paused, other.line.controller.paused]).toEqual([false, true])
    await vi.advanceTimersByTimeAsync(1000)
    expect(other.line.controller.paused).toBe(false)
    one.line.end()
    other.line.end()
    expect((await one.answer).body).toEqual(concatBytes([noise(1000, 2), noise(1000, 3)]))
    expect((await other.answer).body).toEqual(noise(1000, 4))
  })

  it('pays at its end for an answer that cannot pause', async () => {
    const { line, answer } = start(request({ downloadBytesPerSecond: 1000 }))
    line.answer(3000, 'close')
    line.receive(noise(3000, 7))
    line.end()
    expect(line.controller.paused).toBe(false)
    const ended = vi.fn<(answer: HttpAnswer) => void>()
    void answer.then(ended)
    await vi.advanceTimersByTimeAsync(1999)
    expect(ended).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(ended).toHaveBeenCalledWith(expect.objectContaining({ body: noise(3000, 7) }))
  })

  it('is not stuck while it waits for its rate, and is again after that', async () => {
    const { line, answer } = start(request({ downloadBytesPerSecond: 100 }))
    line.answer(2000)
    line.receive(noise(1100, 5))
    await vi.advanceTimersByTimeAsync(9999)
    expect(line.controller.paused).toBe(true)
    expect(line.controller.abort).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1 + 2999)
    expect(line.controller.abort).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await expect(answer).rejects.toThrow('no data was transferred for 3 seconds')
  })

  it('leaves nothing behind when it is cancelled while it waits', async () => {
    const stop = new AbortController()
    const more = { body: uploadBody([noise(9000, 6)]), signal: stop.signal }
    const { line, answer } = start(request({ uploadBytesPerSecond: 2000 }, more))
    await line.body?.next()
    const piece = line.body?.next()
    piece?.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(10)
    stop.abort(new Error('stop it'))
    await expect(answer).rejects.toThrow('stop it')
    await expect(piece).rejects.toThrow('abandoned')
    expect(vi.getTimerCount()).toBe(0)
  })
})
