import { describe, expect, it } from 'vitest'
import type { Backend } from '../backend/backend.ts'
import { memoryBackend } from '../backend/memory.ts'
import { describeBackend } from '../testing/describe-backend.ts'
import { Gate, gated } from './gate.ts'

describeBackend(
  'a gated memory',
  async () => {
    let store = memoryBackend()
    const current = new Proxy({} as Backend, { get: (_, name) => Reflect.get(store, name) })
    return {
      backend: gated(current, new Gate()),
      cleanup: async () => {},
      plant: async (path, content) => {
        store = memoryBackend({ files: store.files().set(path, content) })
      },
    }
  },
  { rewriting: 'refused', repeating: 'accepted', removing: 'everything', absence: 'told' },
)

describe('a gate', () => {
  const name = 'ab'.repeat(32)

  it('lets locks pass while it is closed', async () => {
    const gate = new Gate()
    const backend = gated(memoryBackend(), gate)
    gate.hold()
    const file = { type: 'lock', name } as const
    await backend.write(file, [new Uint8Array(3)])
    expect(await backend.read(file)).toHaveLength(3)
    expect(await backend.stat(file)).toMatchObject({ size: 3 })
    for await (const info of backend.list('lock')) expect(info.name).toBe(name)
    await backend.remove(file)
  })

  it('holds requests back until every hold is released', async () => {
    const gate = new Gate()
    const store = memoryBackend()
    const [first, second] = [gate.hold(), gate.hold()]
    const writing = gated(store, gate).write({ type: 'pack', name }, [new Uint8Array(3)])
    first.release()
    await new Promise((resolve) => setImmediate(resolve))
    expect(store.files().size).toBe(0)
    second.release()
    await writing
    expect(store.files().size).toBe(1)
  })

  it('refuses requests once a hold has failed, until that is released', async () => {
    const gate = new Gate()
    const hold = gate.hold()
    const backend = gated(memoryBackend(), gate)
    const waiting = backend.write({ type: 'pack', name }, [new Uint8Array(3)])
    const failure = new Error('lost')
    hold.fail(failure)
    await expect(waiting).rejects.toBe(failure)
    await expect(backend.stat({ type: 'config' })).rejects.toBe(failure)
    hold.release()
    await expect(backend.write({ type: 'pack', name }, [])).resolves.toBeUndefined()
  })

  it('lets a request go that is cancelled while it waits', async () => {
    const gate = new Gate()
    gate.hold()
    const stop = new AbortController()
    const reason = new Error('enough')
    const waiting = gate.pass({ signal: stop.signal })
    stop.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })
})
