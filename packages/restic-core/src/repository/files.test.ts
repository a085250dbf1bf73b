import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../base/bytes.ts'
import { memoryBackend } from '../backend/memory.ts'
import { failOn, faultyBackend } from '../testing/faulty-backend.ts'
import { withFlippedBit } from '../testing/stored-files.ts'
import { testRepository } from '../testing/test-repository.ts'
import { testRuntime } from '../testing/test-runtime.ts'
import type { Runtime } from '../work/runtime.ts'
import type { Repository } from './api.ts'
import { RepositoryFiles } from './files.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

let runtime: Runtime
let repository: Repository
beforeAll(async () => {
  runtime = await testRuntime()
  repository = await testRepository({ runtime })
})

function filesOf(backend = memoryBackend(), version: 1 | 2 = 2, own = runtime): RepositoryFiles {
  return new RepositoryFiles({ backend, runtime: own, masterKey: repository.masterKey, version })
}

describe('RepositoryFiles', () => {
  it('gives back the JSON it was given, under the name of what it stored', async () => {
    const types = fc.constantFrom('lock', 'snapshot', 'index')
    const version = fc.constantFrom<1 | 2>(1, 2)
    await fc.assert(
      fc.asyncProperty(types, version, fc.json(), async (type, ofVersion, text) => {
        const backend = memoryBackend()
        const files = filesOf(backend, ofVersion)
        const json = bytes(`{"value":${text}}`)
        const id = await files.save(type, json)
        expect(await files.load(type, id)).toEqual(json)
        const stored = await backend.read({ type, name: id })
        expect(toHex(runtime.kernel.sha256(stored))).toBe(id)
      }),
    )
  })

  it('never uses a nonce twice', async () => {
    const files = filesOf()
    const ids = [
      await files.save('snapshot', bytes('{}')),
      await files.save('snapshot', bytes('{}')),
    ]
    expect(new Set(ids).size).toBe(2)
  })

  it('writes nothing when what it sealed does not open', async () => {
    const backend = memoryBackend()
    const { kernel } = runtime
    const compress: typeof kernel.compress = (data, level) =>
      kernel.compress(withFlippedBit(data), level)
    const files = filesOf(backend, 2, { ...runtime, kernel: { ...kernel, compress } })
    await expect(files.save('snapshot', bytes('{"a":1}'))).rejects.toMatchObject({
      code: 'CORRUPT',
      hint: expect.stringContaining('Nothing was written') as unknown,
    })
    expect(backend.files().size).toBe(0)
  })

  it('tells a missing file, a damaged file and a denied file apart', async () => {
    const store = memoryBackend()
    const id = await filesOf(store).save('snapshot', bytes('{}'))
    const what = `snapshot ${id.slice(0, 8)}`
    const path = `snapshots/${id}`
    const damaged = new Map([[path, withFlippedBit(store.files().get(path) as Uint8Array)]])
    await expect(filesOf().load('snapshot', id)).rejects.toMatchObject({ code: 'MISSING', what })
    await expect(
      filesOf(memoryBackend({ files: damaged })).load('snapshot', id),
    ).rejects.toMatchObject({
      code: 'CORRUPT',
      check: 'hash',
      what,
    })
    const denying = faultyBackend(store, { read: { snapshot: failOn(1, 'denied') } })
    const files = new RepositoryFiles({
      backend: denying,
      runtime,
      masterKey: repository.masterKey,
      version: 2,
    })
    await expect(files.load('snapshot', id)).rejects.toMatchObject({
      code: 'BACKEND',
      reason: 'denied',
    })
  })

  it('refuses a file that another key sealed, although its name is right', async () => {
    const store = memoryBackend()
    const other = await testRepository({ runtime: await testRuntime({ seed: 4 }) })
    const { masterKey } = other
    const theirs = new RepositoryFiles({ backend: store, runtime, masterKey, version: 2 })
    const id = await theirs.save('snapshot', bytes('{}'))
    await expect(filesOf(store).load('snapshot', id)).rejects.toMatchObject({
      code: 'CORRUPT',
      check: 'mac',
    })
  })
})
