import { describe, expect, it } from 'vitest'
import { memoryBackend } from '../backend/memory.ts'
import { failOn, faultyBackend } from '../testing/faulty-backend.ts'
import { withFlippedBit } from '../testing/stored-files.ts'
import { quickCost, testPassword, testRepository } from '../testing/test-repository.ts'
import { testRuntime } from '../testing/test-runtime.ts'
import type { Repository } from './api.ts'
import { addKey, changePassword, listKeys, removeKey, type NewKey, type StoredKey } from './keys.ts'
import { openRepository } from './open.ts'

const newKey: NewKey = { password: 'neu', hostname: 'boat', username: 'eve', cost: quickCost }

async function keysOf(repository: Repository): Promise<StoredKey[]> {
  const keys: StoredKey[] = []
  for await (const key of listKeys(repository)) keys.push(key)
  return keys
}

describe('keys', () => {
  it('are listed with who made them, the one in use marked', async () => {
    const repository = await testRepository()
    const added = await addKey(repository, newKey)
    const created = '2023-11-14T22:13:20.123456789Z'
    expect(await keysOf(repository)).toEqual([
      { id: repository.keyId, created, hostname: 'lab', username: 'ada', isCurrent: true },
      { id: added, created, hostname: 'boat', username: 'eve', isCurrent: false },
    ])
  })

  it('are removed, but never the one in use', async () => {
    const repository = await testRepository()
    const added = await addKey(repository, newKey)
    await expect(removeKey(repository, repository.keyId)).rejects.toThrow(RangeError)
    await removeKey(repository, added)
    expect(await keysOf(repository)).toHaveLength(1)
  })

  it('open the same repository after a change of password, and the old one no more', async () => {
    const backend = memoryBackend()
    const repository = await testRepository({ backend })
    const id = await changePassword(repository, newKey)
    const runtime = await testRuntime()
    const opened = await openRepository({ backend, runtime, password: 'neu' })
    expect(opened.keyId).toBe(id)
    expect(opened.masterKey).toEqual(repository.masterKey)
    await expect(
      openRepository({ backend, runtime, password: testPassword }),
    ).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
  })

  it('are taken away again when they cannot be read back', async () => {
    const store = memoryBackend()
    const damaging = {
      ...store,
      write: (...[file, body, options]: Parameters<typeof store.write>) =>
        store.write(
          file,
          file.type === 'key' ? [withFlippedBit(body[0] ?? new Uint8Array())] : body,
          options,
        ),
    }
    const repository = await testRepository({ backend: store })
    const runtime = await testRuntime({ seed: 3 })
    const opened = await openRepository({ backend: damaging, runtime, password: testPassword })
    await expect(addKey(opened, newKey)).rejects.toMatchObject({ code: 'CORRUPT', check: 'hash' })
    expect(await keysOf(repository)).toHaveLength(1)
  })

  it('both stay when the old one cannot be removed', async () => {
    const store = memoryBackend()
    await testRepository({ backend: store })
    const backend = faultyBackend(store, { remove: { key: failOn(1, 'denied') } })
    const runtime = await testRuntime({ seed: 3 })
    const opened = await openRepository({ backend, runtime, password: testPassword })
    await expect(changePassword(opened, newKey)).rejects.toMatchObject({ reason: 'denied' })
    for (const password of [testPassword, 'neu']) {
      await expect(openRepository({ backend: store, runtime, password })).resolves.toBeDefined()
    }
  })

  it('measure the cost of a password unless it is given', async () => {
    let calls = 0
    const clock = { nowNs: () => BigInt(calls++) * 200_000_000n, utcOffset: () => 0 }
    const { kernel: full } = await testRuntime()
    const kernel = { ...full, scrypt: () => new Uint8Array(64).fill(7) }
    const repository = await testRepository({ runtime: await testRuntime({ clock, kernel }) })
    await addKey(repository, { password: 'neu', hostname: '', username: '' })
    const costs: unknown[] = []
    for await (const { id } of listKeys(repository)) {
      const json = JSON.parse(
        new TextDecoder().decode(await repository.loadRaw('key', id)),
      ) as object
      costs.push(json)
    }
    expect(costs).toContainEqual(expect.objectContaining({ N: 32_768, r: 8, p: 2 }))
  })
})
