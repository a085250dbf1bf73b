import { describe, expect, it } from 'vitest'
import { eventStream } from './event-stream.ts'

describe('eventStream', () => {
  it('tells every event in order, those from before it was read too, and then the result', async () => {
    const stream = eventStream<number, string>(async (onEvent) => {
      onEvent(1)
      onEvent(2)
      await new Promise((resolve) => setImmediate(resolve))
      onEvent(3)
      return 'done'
    })
    const told: number[] = []
    for await (const event of stream) told.push(event)
    expect(told).toEqual([1, 2, 3])
    expect(await stream.result).toBe('done')
  })

  it('ends its loop when the operation fails, and the result tells why', async () => {
    const stream = eventStream<number, void>(async (onEvent) => {
      onEvent(1)
      throw new Error('no')
    })
    const told: number[] = []
    for await (const event of stream) told.push(event)
    expect(told).toEqual([1])
    await expect(stream.result).rejects.toThrow('no')
  })

  it('aborts the operation when its reader leaves', async () => {
    const stream = eventStream<number, void>(async (onEvent, stop) => {
      onEvent(1)
      await new Promise((_, reject) => {
        stop.addEventListener('abort', () => reject(stop.reason))
      })
    })
    for await (const event of stream) if (event === 1) break
    await expect(stream.result).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('lets an operation end that nobody reads', async () => {
    const stream = eventStream<number, string>(async (onEvent) => {
      onEvent(1)
      return 'done'
    })
    expect(await stream.result).toBe('done')
  })
})
