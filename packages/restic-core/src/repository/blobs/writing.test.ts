import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { memoryBackend } from '../../backend/memory.ts'
import { overriding } from '../../backend/request.ts'
import { fromHex } from '../../base/bytes.ts'
import { fixedClock } from '../../base/clock.ts'
import { BackendError } from '../../base/errors.ts'
import { packEntryCountMax } from '../../format/pack-header.ts'
import { openRepository } from '../open.ts'
import { noise } from '../../testing/sample-files.ts'
import { testRepository } from '../../testing/test-repository.ts'
import { testRuntime } from '../../testing/test-runtime.ts'
import { BlobClaims } from '../../work/blob-claims.ts'
import type { TaskPool } from '../../work/pool.ts'
import type { BlobWriter, WritingOptions } from '../api.ts'
import { PackBuilder, mergedPacks } from './pack-builder.ts'
import { PackMemory } from './pack-memory.ts'

const content = noise(5000, 4)

describe('writing', () => {
  it('is one work at a time: blobs on their way may yet be dropped', async () => {
    const repository = await (await testRepository({ backend: memoryBackend() })).loadIndex()
    const first = repository.writing(async (blobs) => {
      await blobs.saveBlob('data', content)
      await expect(
        repository.writing((others) => others.saveBlob('data', content)),
      ).rejects.toThrow('this session is writing already')
      throw new Error('the first one fails')
    })
    await expect(first).rejects.toThrow('the first one fails')
    const { id, isNew } = await repository.writing((blobs) => blobs.saveBlob('data', content))
    expect(isNew).toBe(true)
    expect(await repository.readBlob('data', id)).toEqual(content)
  })

  it('takes no blob when its work has ended', async () => {
    const repository = await (await testRepository({ backend: memoryBackend() })).loadIndex()
    let kept: BlobWriter | undefined
    await repository.writing(async (blobs) => {
      kept = blobs
    })
    await expect(kept?.saveBlob('data', content)).rejects.toThrow('had ended')
    expect(repository.index.pending.size).toBe(0)
  })

  it('refuses options that mean nothing', async () => {
    const repository = await (await testRepository({ backend: memoryBackend() })).loadIndex()
    const write = (options: WritingOptions) =>
      repository.writing((blobs) => blobs.saveBlob('data', content), options)
    for (const packSize of [0, -1, NaN, 1.5]) {
      await expect(write({ packSize }), String(packSize)).rejects.toThrow(RangeError)
    }
    await expect(write({ compression: 'zip' as 'max' })).rejects.toThrow(TypeError)
    expect(await write({ compression: undefined })).toMatchObject({ isNew: true })
  })

  it('fails when the work ignores that a blob could not be stored', async () => {
    const store = memoryBackend()
    const { keyId, masterKey } = await testRepository({ backend: store })
    const runtime = await testRuntime({ seed: 3 })
    const random = (length: number): Uint8Array => {
      if (length === 16) throw new Error('no randomness')
      return runtime.random(length)
    }
    const opened = await openRepository({
      backend: store,
      runtime: { ...runtime, random },
      password: { keyId, masterKey },
    })
    const repository = await opened.loadIndex()
    const careless = repository.writing(async (blobs) => {
      await expect(blobs.saveBlob('data', content)).rejects.toThrow('no randomness')
      return blobs.saveBlob('data', content)
    })
    await expect(careless).rejects.toThrow('blobs that were not stored: 1')
    expect(repository.index.pending.size).toBe(0)
  })

  it('writes the index when every pack is stored, and not before', async () => {
    const store = memoryBackend()
    const { keyId, masterKey } = await testRepository({ backend: store })
    const written: string[] = []
    let fails = false
    const slow = overriding(store, {
      async write(file, body, options) {
        if (file.type === 'pack') await setTimeout(30)
        if (file.type === 'pack' && fails) throw new BackendError('no space', 'denied')
        await store.write(file, body, options)
        written.push(file.type)
      },
    })
    const runtime = await testRuntime({ seed: 5 })
    const opened = await openRepository({ backend: slow, runtime, password: { keyId, masterKey } })
    const repository = await opened.loadIndex()
    // More than the thread of the caller makes an index of.
    const save = async (blobs: BlobWriter): Promise<void> => {
      for (let n = 0; n < 1200; n++) await blobs.saveBlob('data', noise(20, n + (fails ? 5000 : 0)))
      await blobs.saveBlob('tree', noise(50, fails ? 1 : 2))
    }
    await repository.writing(save)
    expect(written).toEqual(['pack', 'pack', 'index'])
    fails = true
    await expect(repository.writing(save)).rejects.toThrow('no space')
    expect(written).toHaveLength(3)
    const again = await (
      await openRepository({ backend: store, runtime, password: { keyId, masterKey } })
    ).loadIndex()
    expect(again.index.count).toBe(1201)
  })

  it('stores again what a work before it could not put into the index', async () => {
    const store = memoryBackend()
    const { keyId, masterKey } = await testRepository({ backend: store })
    let fails = true
    const backend = overriding(store, {
      async write(file, body, options) {
        if (file.type === 'index' && fails) throw new BackendError('no space', 'denied')
        await store.write(file, body, options)
      },
    })
    const runtime = await testRuntime({ seed: 5 })
    const password = { keyId, masterKey }
    const repository = await (await openRepository({ backend, runtime, password })).loadIndex()
    const save = (blobs: BlobWriter) => blobs.saveBlob('data', content)
    await expect(repository.writing(save)).rejects.toThrow('no space')
    fails = false
    const { id, isNew } = await repository.writing(save)
    expect(isNew).toBe(true)
    expect((await repository.writing(save)).isNew).toBe(false)
    const again = await (await openRepository({ backend: store, runtime, password })).loadIndex()
    expect(await again.readBlob('data', id)).toEqual(content)
  })

  it('goes on while an index file is made: the thread for it may wait for the packs', async () => {
    const store = memoryBackend()
    const { keyId, masterKey } = await testRepository({ backend: store })
    const written = { packs: 0, indexes: 0 }
    const enough = Promise.withResolvers<void>()
    const counted = overriding(store, {
      async write(file, body, options) {
        await store.write(file, body, options)
        if (file.type === 'index') written.indexes++
        if (file.type === 'pack' && ++written.packs === 4) enough.resolve()
      },
    })
    let nowNs = 1_700_000_000_000_000_000n
    // Whenever somebody asks, another eleven minutes have passed, so each pack calls for an index file.
    const clock = { ...fixedClock(nowNs), nowNs: () => (nowNs += 660_000_000_000n) }
    const runtime = await testRuntime({ seed: 6, clock })
    const pool: TaskPool = {
      ...runtime.pool,
      async run(kind, input, options) {
        if (kind === 'sealIndex') await enough.promise
        return runtime.pool.run(kind, input, options)
      },
    }
    const password = { keyId, masterKey }
    const opened = await openRepository({
      backend: counted,
      runtime: { ...runtime, pool },
      password,
    })
    const repository = await opened.loadIndex()
    // With 16 KiB each, a pack has more than the thread of the caller makes an index of.
    const blob = noise(16 * 1024, 7)
    const count = 1024 * 7
    await repository.writing(
      async (blobs) => {
        for (let number = 0; number < count; number++) {
          new DataView(blob.buffer).setUint32(0, number)
          await blobs.saveBlob('data', blob)
        }
      },
      { compression: 'off', verify: false },
    )
    expect(written.packs).toBeGreaterThan(5)
    expect(written.indexes).toBeGreaterThan(3)
    const again = await openRepository({ backend: store, runtime, password })
    expect((await again.loadIndex()).index.count).toBe(count)
  })

  it('fails when a job has claimed a blob and not handed it over', async () => {
    const repository = await (await testRepository({ backend: memoryBackend() })).loadIndex()
    const careless = repository.writing(async (blobs) => {
      BlobClaims.attach(blobs.jobSettings().claims).claim(new Uint8Array(32).fill(0xab))
    })
    await expect(careless).rejects.toThrow('data blob abababab was claimed')
  })

  it('fails so too when the job began with a table of claims that was outgrown since', async () => {
    const repository = await (await testRepository({ backend: memoryBackend() })).loadIndex()
    const careless = repository.writing(async (blobs) => {
      const first = blobs.jobSettings().claims
      const begun = BlobClaims.attach(first)
      while (!begun.isHalfFull) {
        const { id } = await blobs.saveBlob('data', noise(20, begun.count))
        begun.claim(fromHex(id))
      }
      expect(blobs.jobSettings().claims).not.toBe(first)
      begun.claim(new Uint8Array(32).fill(0xab))
    })
    await expect(careless).rejects.toThrow('data blob abababab was claimed')
  })
})

describe('mergedPacks', () => {
  it('leaves packs apart whose header would be too long together', async () => {
    const { kernel } = await testRuntime({ seed: 1 })
    const blob = { id: new Uint8Array(32), sealed: new Uint8Array(33), uncompressedLength: 0 }
    const memory = new PackMemory(0, (length) => new ArrayBuffer(length))
    const filled = (count: number): PackBuilder => {
      const pack = new PackBuilder('data', kernel, memory, 33 * count)
      for (let n = 0; n < count; n++) pack.add(blob)
      return pack
    }
    const half = Math.ceil(packEntryCountMax / 2)
    const size = 33 * packEntryCountMax * 2
    const apart = mergedPacks([filled(half), filled(0), filled(half + 1)], size)
    expect(apart.map(({ count }) => count)).toEqual([half, half + 1])
    const joined = mergedPacks([filled(half), filled(0), filled(half - 1)], size)
    expect(joined.map(({ count }) => count)).toEqual([half * 2 - 1])
    expect(half * 2 - 1).toBeLessThanOrEqual(packEntryCountMax)
  })
})
