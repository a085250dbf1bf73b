import { beforeAll, describe, expect, it } from 'vitest'
import { type MemoryBackend, memoryBackend } from '../backend/memory.ts'
import { formatConfig } from '../format/config.ts'
import { ivLength, seal } from '../format/seal.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { failOn, faultyBackend } from '../testing/faulty-backend.ts'
import { withFlippedBit } from '../testing/stored-files.ts'
import { quickCost, testPassword, testRepository } from '../testing/test-repository.ts'
import { testRuntime } from '../testing/test-runtime.ts'
import type { Runtime } from '../work/runtime.ts'
import type { Repository } from './api.ts'
import { addKey } from './keys.ts'
import { openRepository } from './open.ts'

let runtime: Runtime
let made: Repository
let files: ReadonlyMap<string, Uint8Array>

beforeAll(async () => {
  runtime = await testRuntime()
  const backend = memoryBackend()
  made = await testRepository({ backend, runtime })
  files = backend.files()
})

const newKey = (password: string): Parameters<typeof addKey>[1] => ({
  password,
  hostname: 'lab',
  username: 'ada',
  cost: quickCost,
})

/** The repository with one file replaced; undefined takes it away. */
function storeWith(path: string, content: Uint8Array | undefined): MemoryBackend {
  const changed = new Map(files)
  if (content) changed.set(path, content)
  else changed.delete(path)
  return memoryBackend({ files: changed })
}

const keyPath = (): string => `keys/${made.keyId}`
const fileAt = (path: string): Uint8Array => files.get(path) ?? new Uint8Array()

function open(backend: MemoryBackend, password = testPassword): Promise<Repository> {
  return openRepository({ backend, runtime, password })
}

describe('openRepository', () => {
  it('takes one listing and two reads', async () => {
    const backend = countingBackend(memoryBackend({ files }))
    await openRepository({ backend, runtime, password: testPassword })
    expect(backend.counts()).toMatchObject({
      'list key': { requests: 1 },
      'read key': { requests: 1 },
      'read config': { requests: 1 },
    })
    expect(Object.keys(backend.counts())).toHaveLength(3)
  })

  it('asks for the password only where there is a repository', async () => {
    let asked = 0
    const password = async (): Promise<string> => {
      asked++
      return testPassword
    }
    await expect(
      openRepository({ backend: memoryBackend(), runtime, password }),
    ).rejects.toMatchObject({ code: 'NO_REPOSITORY' })
    expect(asked).toBe(0)
    const opened = await openRepository({ backend: memoryBackend({ files }), runtime, password })
    expect(opened.keyId).toBe(made.keyId)
    expect(asked).toBe(1)
  })

  it('tells that there is no repository, and where it looked', async () => {
    await expect(open(storeWith('config', undefined))).rejects.toMatchObject({
      code: 'NO_REPOSITORY',
      hint: expect.stringContaining('memory') as unknown,
    })
  })

  it('tells an empty config from a missing one', async () => {
    await expect(open(storeWith('config', new Uint8Array()))).rejects.toMatchObject({
      code: 'CORRUPT',
      what: 'config',
      check: 'length',
    })
  })

  it('refuses a wrong password', async () => {
    await expect(open(memoryBackend({ files }), 'falsch')).rejects.toMatchObject({
      code: 'WRONG_PASSWORD',
      message: 'wrong password or no key found',
    })
  })

  it('finds no key where there is none', async () => {
    await expect(open(storeWith(keyPath(), undefined))).rejects.toMatchObject({
      code: 'WRONG_PASSWORD',
    })
  })

  it('names a config that was damaged, wherever the damage is', async () => {
    const config = fileAt('config')
    for (let at = 0; at < config.length; at++) {
      await expect(open(storeWith('config', withFlippedBit(config, at)))).rejects.toMatchObject({
        code: 'CORRUPT',
        what: 'config',
      })
    }
    for (const length of [1, 31, 32, 33, config.length - 1]) {
      await expect(open(storeWith('config', config.slice(0, length)))).rejects.toMatchObject({
        code: 'CORRUPT',
        what: 'config',
      })
    }
  })

  it('names a key that was damaged, wherever the damage is', async () => {
    const key = fileAt(keyPath())
    for (let at = 0; at < key.length; at++) {
      await expect(open(storeWith(keyPath(), withFlippedBit(key, at)))).rejects.toMatchObject({
        code: 'CORRUPT',
        what: `key ${made.keyId.slice(0, 8)}`,
        check: 'hash',
      })
    }
  })

  it('reads a key once more when the first transfer was disturbed', async () => {
    const store = memoryBackend({ files })
    let reads = 0
    const disturbed = {
      ...store,
      read: async (...args: Parameters<typeof store.read>) => {
        const bytes = await store.read(...args)
        if (args[0].type !== 'key') return bytes
        return reads++ === 0 ? withFlippedBit(bytes) : bytes
      },
    }
    const opened = await openRepository({ backend: disturbed, runtime, password: testPassword })
    expect(opened.keyId).toBe(made.keyId)
    expect(reads).toBe(2)
  })

  it('refuses a config with a polynomial that is not irreducible', async () => {
    const config = formatConfig({ ...made.config, chunkerPolynomial: 0x3da3358b4dc172n })
    const sealed = seal(runtime.kernel, made.masterKey, config, runtime.random(ivLength))
    await expect(open(storeWith('config', sealed))).rejects.toMatchObject({
      code: 'CORRUPT',
      what: 'config',
      check: 'value',
    })
  })

  it('refuses a version it does not know', async () => {
    const config = { ...made.config, version: 3 as never }
    const sealed = seal(
      runtime.kernel,
      made.masterKey,
      formatConfig(config),
      runtime.random(ivLength),
    )
    await expect(open(storeWith('config', sealed))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'unsupported repository version 3',
    })
  })

  it('passes on what the store says, and disposes nothing of the caller', async () => {
    let disposals = 0
    const faulty = faultyBackend(memoryBackend({ files }), { read: { key: failOn(1, 'denied') } })
    const backend = { ...faulty, [Symbol.asyncDispose]: async () => void disposals++ }
    await expect(
      openRepository({ backend, runtime, password: testPassword }),
    ).rejects.toMatchObject({ code: 'BACKEND', reason: 'denied' })
    expect(disposals).toBe(0)
    await (
      await openRepository({
        backend: {
          ...memoryBackend({ files }),
          [Symbol.asyncDispose]: async () => void disposals++,
        },
        runtime,
        password: testPassword,
      })
    )[Symbol.asyncDispose]()
    expect(disposals).toBe(1)
  })

  it('stops when told, with the reason given', async () => {
    const reason = new Error('enough')
    await expect(
      openRepository({
        backend: memoryBackend({ files }),
        runtime,
        password: testPassword,
        signal: AbortSignal.abort(reason),
      }),
    ).rejects.toBe(reason)
  })
})

describe('openRepository with a key kept from before', () => {
  it('takes one read', async () => {
    const backend = countingBackend(memoryBackend({ files }))
    const { keyId, masterKey } = made
    const opened = await openRepository({ backend, runtime, password: { keyId, masterKey } })
    expect(opened.config).toMatchObject(made.config)
    expect(Object.keys(backend.counts())).toEqual(['read config'])
  })

  it('tells that the key is of another repository', async () => {
    const other = await testRepository({ runtime: await testRuntime({ seed: 9 }) })
    const { keyId, masterKey } = other
    await expect(
      openRepository({
        backend: memoryBackend({ files }),
        runtime,
        password: { keyId, masterKey },
      }),
    ).rejects.toMatchObject({ code: 'WRONG_PASSWORD', hint: expect.any(String) as unknown })
  })
})

describe('the search for a key', () => {
  it('tries every key', async () => {
    const backend = memoryBackend({ files })
    const repository = await open(backend)
    const second = await addKey(repository, newKey('zweites'))
    expect((await open(backend, 'zweites')).keyId).toBe(second)
    expect((await open(backend)).keyId).toBe(made.keyId)
  })

  it('reads the key that is hinted at, and no other', async () => {
    const store = memoryBackend({ files })
    const repository = await open(store)
    for (let n = 0; n < 5; n++) await addKey(repository, newKey(`p${n}`))
    const keyHint = (await open(store, 'p3')).keyId
    for (const hint of [keyHint, keyHint.slice(0, 10)]) {
      const backend = countingBackend(store)
      const opened = await openRepository({ backend, runtime, password: 'p3', keyHint: hint })
      expect(opened.keyId).toBe(keyHint)
      expect(backend.requests('read', 'key')).toBe(1)
    }
  })

  it('opens although the hint is wrong, ambiguous, damaged or of another password', async () => {
    const store = memoryBackend({ files })
    const other = await addKey(await open(store), newKey('anderes'))
    for (const keyHint of ['00ff00', '', other]) {
      const opened = await openRepository({
        backend: memoryBackend({ files: store.files() }),
        runtime,
        password: testPassword,
        keyHint,
      })
      expect(opened.keyId).toBe(made.keyId)
    }
  })

  it('ends at a damaged key before the right one', async () => {
    const damaged = '00'.repeat(32)
    const changed = new Map([[`keys/${damaged}`, new Uint8Array(100)], ...files])
    await expect(open(memoryBackend({ files: changed }))).rejects.toMatchObject({
      code: 'CORRUPT',
      what: 'key 00000000',
    })
    const backend = memoryBackend({ files: changed })
    const keyHint = made.keyId
    const opened = await openRepository({ backend, runtime, password: testPassword, keyHint })
    expect(opened.keyId).toBe(made.keyId)
  })

  it('gives up after 20 keys, unless a hint leads to the right one', async () => {
    const store = memoryBackend({ files })
    const repository = await open(store)
    for (let n = 0; n < 19; n++) await addKey(repository, newKey('andere'))
    const last = await addKey(repository, newKey('letztes'))
    await expect(open(store, 'letztes')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'maximum number of keys reached',
    })
    const opened = await openRepository({
      backend: store,
      runtime,
      password: 'letztes',
      keyHint: last,
    })
    expect(opened.keyId).toBe(last)
  })
})
