import { type ClientRequest, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { byteRates, concatBytes, type RateLimits, totalLength } from 'restic-core/backend'
import { noise } from 'restic-core/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { exchange, type HttpRequest } from './exchange.ts'
import { uploadBody } from './upload-body.ts'

/** A connection whose other end the test plays. */
class Line {
  readonly pieces: Uint8Array[] = []
  readonly answered = new IncomingMessage(new Socket())
  readonly sent = new Writable({
    autoDestroy: false,
    write: (piece: Uint8Array, _encoding, taken) => {
      this.pieces.push(piece)
      taken()
    },
  })

  answer(length: number): void {
    Object.assign(this.answered, { statusCode: 200, headers: { 'content-length': String(length) } })
    this.sent.emit('response', this.answered)
  }

  end(): void {
    this.answered.complete = true
    this.answered.push(null)
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
  const answer = exchange(() => line.sent as ClientRequest, wanted)
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
    await vi.advanceTimersByTimeAsync(3000)
    // What a second may pass at once, and then what three seconds give.
    expect(totalLength(line.pieces)).toBe(4 * 8192)
    const missingMs = (40_000 / 8192 - 1) * 1000 - 3000
    await vi.advanceTimersByTimeAsync(missingMs - 20)
    expect(totalLength(line.pieces)).toBeLessThan(40_000)
    await vi.advanceTimersByTimeAsync(40)
    expect(concatBytes(line.pieces)).toEqual(content)
    for (const piece of line.pieces) expect(piece.length).toBeLessThanOrEqual(1024)
    expect(line.sent.writableFinished).toBe(true)
    line.answer(0)
    line.end()
    expect(await answer).toMatchObject({ status: 200 })
    // Nothing is left to wait for.
    expect(vi.getTimerCount()).toBe(0)
  })

  it('reads on when the rate allows, and shares it with the others', async () => {
    const wanted = request({ downloadBytesPerSecond: 1000 })
    const [one, other] = [start(wanted), start(wanted)]
    one.line.answer(2000)
    other.line.answer(1000)
    const paused = (): boolean[] => [one, other].map(({ line }) => line.answered.isPaused())
    one.line.answered.push(noise(1000, 2))
    await vi.advanceTimersByTimeAsync(0)
    expect(paused()).toEqual([false, false])
    one.line.answered.push(noise(1000, 3))
    await vi.advanceTimersByTimeAsync(0)
    other.line.answered.push(noise(1000, 4))
    await vi.advanceTimersByTimeAsync(0)
    expect(paused()).toEqual([true, true])
    await vi.advanceTimersByTimeAsync(1000)
    expect(paused()).toEqual([false, true])
    await vi.advanceTimersByTimeAsync(1000)
    expect(paused()).toEqual([false, false])
    one.line.end()
    other.line.end()
    expect((await one.answer).body).toEqual(concatBytes([noise(1000, 2), noise(1000, 3)]))
    expect((await other.answer).body).toEqual(noise(1000, 4))
  })

  it('is not stuck while it waits for its rate, and is again after that', async () => {
    const { line, answer } = start(request({ downloadBytesPerSecond: 100 }))
    line.answer(2000)
    line.answered.push(noise(1100, 5))
    await vi.advanceTimersByTimeAsync(9999)
    expect(line.answered.isPaused()).toBe(true)
    expect(line.sent.destroyed).toBe(false)
    await vi.advanceTimersByTimeAsync(1 + 2999)
    expect(line.sent.destroyed).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(line.sent.destroyed).toBe(true)
    await expect(answer).rejects.toThrow('no data was transferred for 3 seconds')
  })

  it('leaves nothing behind when it is cancelled while it waits', async () => {
    const stop = new AbortController()
    const more = { body: uploadBody([noise(9000, 6)]), signal: stop.signal }
    const { line, answer } = start(request({ uploadBytesPerSecond: 2000 }, more))
    await vi.advanceTimersByTimeAsync(10)
    stop.abort(new Error('stop it'))
    await expect(answer).rejects.toThrow('stop it')
    expect(vi.getTimerCount()).toBe(0)
    expect(line.sent.destroyed).toBe(true)
    expect(totalLength(line.pieces)).toBeLessThan(9000)
  })
})
