import { describe, expect, it } from 'vitest'
import { fixedClock } from '../base/clock.ts'
import { memoryBackend } from '../backend/memory.ts'
import { type RequestEvent, trace } from '../backend/trace.ts'
import { overriding, requestLabel } from '../backend/request.ts'
import { failFrom, faultyBackend } from '../testing/faulty-backend.ts'
import { testPassword, testPolynomial, testRepository } from '../testing/test-repository.ts'
import { testRuntime } from '../testing/test-runtime.ts'
import { openRepository } from './open.ts'

describe('initRepository', () => {
  it('looks before it writes, and writes the config last', async () => {
    const requests: string[] = []
    const onEvent = ({ request }: RequestEvent): void => void requests.push(requestLabel(request))
    const backend = trace(fixedClock(0n), onEvent)(memoryBackend())
    const repository = await testRepository({ backend })
    expect(requests).toEqual([
      'create',
      'stat config',
      'list key',
      'list snapshot',
      `write key/${repository.keyId.slice(0, 10)}`,
      'write config',
    ])
  })

  it.each([1, 2] as const)('makes a repository of version %i that opens', async (version) => {
    const backend = memoryBackend()
    const made = await testRepository({ backend, version })
    const runtime = await testRuntime()
    const opened = await openRepository({ backend, runtime, password: testPassword })
    expect(opened.config).toMatchObject(made.config)
    expect(opened.config).toMatchObject({ version, chunkerPolynomial: testPolynomial })
    expect(opened.keyId).toBe(made.keyId)
    expect(opened.masterKey).toEqual(made.masterKey)
  })

  it('draws another key, id and polynomial each time', async () => {
    const first = await testRepository({ runtime: await testRuntime({ seed: 1 }) })
    const second = await testRepository({ runtime: await testRuntime({ seed: 2 }) })
    expect(second.masterKey).not.toEqual(first.masterKey)
    expect(second.config.id).not.toBe(first.config.id)
  })

  it('refuses a polynomial that is not irreducible', async () => {
    await expect(testRepository({ chunkerPolynomial: testPolynomial ^ 1n })).rejects.toThrow(
      RangeError,
    )
  })

  it('refuses a place that has a config', async () => {
    const backend = memoryBackend()
    await testRepository({ backend })
    const before = backend.files()
    await expect(testRepository({ backend })).rejects.toMatchObject({
      code: 'BACKEND',
      reason: 'refused',
    })
    expect(backend.files()).toEqual(before)
  })

  it.each([
    ['keys', 'repository already contains keys'],
    ['snapshots', 'repository already contains snapshots'],
  ])('refuses a place that has %s', async (folder, message) => {
    const files = new Map([[`${folder}/${'ab'.repeat(32)}`, new Uint8Array(40)]])
    const backend = memoryBackend({ files })
    await expect(testRepository({ backend })).rejects.toMatchObject({
      code: 'BACKEND',
      reason: 'refused',
      message: expect.stringContaining(message) as unknown,
    })
    expect(backend.files()).toEqual(files)
  })

  it('asks for the password before it touches the store', async () => {
    const backend = memoryBackend()
    const refusal = new Error('no password')
    const made = testRepository({ backend, password: () => Promise.reject(refusal) })
    await expect(made).rejects.toBe(refusal)
    expect(backend.files().size).toBe(0)
  })

  it('leaves no repository behind when the store fails half way', async () => {
    for (let nth = 1; nth <= 5; nth++) {
      const store = memoryBackend()
      const backend = faultyBackend(store, { any: failFrom(nth) })
      await expect(testRepository({ backend })).rejects.toMatchObject({ code: 'BACKEND' })
      expect(store.files().has('config')).toBe(false)
    }
  })

  it('goes on with the key that an interrupted init has left, when asked to', async () => {
    const store = memoryBackend()
    const dying = faultyBackend(store, { write: { config: failFrom(1, 'unavailable') } })
    await expect(testRepository({ backend: dying })).rejects.toMatchObject({ code: 'BACKEND' })
    await expect(testRepository({ backend: store })).rejects.toMatchObject({ reason: 'refused' })
    const runtime = await testRuntime({ seed: 2 })
    const made = await testRepository({ backend: store, runtime, completes: true })
    expect([...store.files().keys()].filter((path) => path.startsWith('keys/'))).toHaveLength(1)
    const opened = await openRepository({ backend: store, runtime, password: testPassword })
    expect(opened.config).toMatchObject(made.config)
  })

  it('takes the key that another machine stores while the password is stretched', async () => {
    const store = memoryBackend()
    const other = memoryBackend()
    const dying = faultyBackend(other, { write: { config: failFrom(1, 'unavailable') } })
    const theirs = await testRuntime({ seed: 2 })
    await testRepository({ backend: dying, runtime: theirs }).catch(() => undefined)
    const [[path, bytes] = ['', new Uint8Array()]] = other.files()
    const racing = overriding(store, {
      async *list(type, options) {
        yield* store.list(type, options)
        // The last look before the stretching.
        if (type !== 'snapshot') return
        await store.write({ type: 'key', name: path.slice('keys/'.length) }, [bytes])
      },
    })
    await testRepository({ backend: racing, completes: true })
    expect([...store.files().keys()].toSorted()).toEqual(['config', path])
  })

  it('does not go on with a key of another password', async () => {
    const store = memoryBackend()
    const dying = faultyBackend(store, { write: { config: failFrom(1, 'unavailable') } })
    await expect(testRepository({ backend: dying })).rejects.toMatchObject({ code: 'BACKEND' })
    await expect(
      testRepository({ backend: store, completes: true, password: 'another' }),
    ).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
  })

  it('makes a repository that opens although another init left its key there', async () => {
    const store = memoryBackend()
    const made = await testRepository({ backend: store })
    const opened: string[] = []
    for (const seed of [2, 3, 4, 5]) {
      const other = memoryBackend()
      await testRepository({ backend: other, runtime: await testRuntime({ seed }) })
      const keys = [...other.files()].filter(([path]) => path.startsWith('keys/'))
      // In either order: a store may list the key that opens nothing first.
      for (const files of [
        [...store.files(), ...keys],
        [...keys, ...store.files()],
      ]) {
        const runtime = await testRuntime()
        const backend = memoryBackend({ files: new Map(files) })
        const repository = await openRepository({ backend, runtime, password: testPassword })
        opened.push(repository.keyId)
      }
    }
    expect(new Set(opened)).toEqual(new Set([made.keyId]))
  })

  it('keeps its key when somebody else has made the repository with it', async () => {
    const store = memoryBackend()
    const late = overriding(store, {
      write: async (file, body, call) => {
        if (file.type === 'config') {
          await testRepository({
            backend: store,
            runtime: await testRuntime({ seed: 2 }),
            completes: true,
          })
        }
        await store.write(file, body, call)
      },
    })
    await expect(testRepository({ backend: late })).rejects.toMatchObject({ reason: 'refused' })
    const runtime = await testRuntime({ seed: 3 })
    await openRepository({ backend: store, runtime, password: testPassword })
  })

  it('removes its key when somebody else has written the config meanwhile', async () => {
    const store = memoryBackend()
    const other = memoryBackend()
    await testRepository({ backend: other, runtime: await testRuntime({ seed: 2 }) })
    const config = other.files().get('config') ?? new Uint8Array()
    const late = overriding(store, {
      write: async (file, body, call) => {
        if (file.type === 'config') await store.write(file, [config])
        await store.write(file, body, call)
      },
    })
    await expect(testRepository({ backend: late })).rejects.toMatchObject({ reason: 'refused' })
    expect([...store.files().keys()]).toEqual(['config'])
  })
})
