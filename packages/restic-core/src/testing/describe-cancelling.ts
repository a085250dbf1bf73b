import { expect, it, vi } from 'vitest'
import { MiB } from '../base/bytes.ts'
import { listed, outcome, type BackendUnderTest } from './backend-under-test.ts'
import { inPieces, noise, sampleFile } from './sample-files.ts'

export function describeCancelling(subject: () => BackendUnderTest): void {
  it('rejects with the very reason when it was cancelled before', async () => {
    const { backend } = subject()
    await backend.create()
    const { file, body } = sampleFile('pack', [noise(64, 17)])
    const why = new Error('stop it')
    const signal = AbortSignal.abort(why)
    await expect(backend.create({ signal })).rejects.toBe(why)
    await expect(backend.write(file, body, { signal })).rejects.toBe(why)
    await expect(backend.stat(file, { signal })).rejects.toBe(why)
    await expect(backend.read(file, { signal })).rejects.toBe(why)
    await expect(backend.remove(file, { signal })).rejects.toBe(why)
    await expect(listed(backend, 'pack', signal)).rejects.toBe(why)
    expect(await listed(backend, 'pack')).toEqual([])
  })

  it('stores all or nothing of an upload that is cancelled', { timeout: 60_000 }, async () => {
    const { backend } = subject()
    await backend.create()
    const content = noise(8 * MiB, 18)
    for (const delayMs of [0, 1, 4, 16]) {
      const pieces = inPieces(content.subarray(delayMs), 19, 100_000)
      const { file, body } = sampleFile('pack', pieces)
      const why = new Error('stop it')
      const stop = new AbortController()
      setTimeout(() => stop.abort(why), delayMs)
      const failure: unknown = await backend
        .write(file, body, { signal: stop.signal })
        .catch((error: unknown) => error)
      expect([undefined, why]).toContain(failure)
      const present = await outcome(backend.stat(file))
      expect(failure === undefined ? ['done'] : ['done', 'not-found']).toContain(present)
      // A server takes a moment to see that it was left, and to take away what it has: rclone.
      await vi.waitFor(async () => {
        const sizes = (await listed(backend, 'pack')).map(({ size }) => size)
        expect(sizes.filter((size) => size < content.length - 16)).toEqual([])
      }, 20_000)
    }
  })

  it('stops reading when it is cancelled, and goes on afterwards', async () => {
    const { backend } = subject()
    await backend.create()
    const { file, body, content } = sampleFile('pack', [noise(4 * MiB, 20)])
    await backend.write(file, body)
    for (const delayMs of [0, 1, 3]) {
      const why = new Error('stop it')
      const stop = new AbortController()
      setTimeout(() => stop.abort(why), delayMs)
      const result: unknown = await backend.read(file, { signal: stop.signal }).then(
        (bytes) => bytes.length,
        (error: unknown) => error,
      )
      expect([content.length, why]).toContain(result)
    }
    expect((await backend.read(file)).length).toBe(content.length)
  })
}
