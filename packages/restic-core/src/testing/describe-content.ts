import { expect, it } from 'vitest'
import { MiB } from '../base/bytes.ts'
import type { FileHandle, NamedFileType } from '../backend/backend.ts'
import { namedFileTypes } from '../backend/layout.ts'
import { byName, listed, rejection, type BackendUnderTest } from './backend-under-test.ts'
import { inPieces, noise, pseudoRandom, sampleFile, type SampleFile } from './sample-files.ts'

export function describeContent(subject: () => BackendUnderTest): void {
  it('gives back what was written, of each type', async () => {
    const { backend } = subject()
    await backend.create()
    const config: FileHandle = { type: 'config' }
    await backend.write(config, [noise(100, 2), noise(55, 3)])
    expect(await backend.stat(config)).toEqual({ name: 'config', size: 155 })
    expect(await backend.read(config)).toEqual(new Uint8Array([...noise(100, 2), ...noise(55, 3)]))
    for (const [number, type] of namedFileTypes.entries()) {
      const { file, body, content } = sampleFile(type, inPieces(noise(3000, number), number, 700))
      await backend.write(file, body)
      expect(await backend.stat(file)).toEqual({ name: file.name, size: 3000 })
      expect(await backend.read(file)).toEqual(content)
    }
  })

  it('reads exactly the range that was asked for', async () => {
    const { backend } = subject()
    await backend.create()
    const { file, body, content } = sampleFile('pack', [noise(5000, 4)])
    await backend.write(file, body)
    const next = pseudoRandom(5)
    const edges = [
      [0, 5000],
      [0, 1],
      [4999, 1],
      [4000, 1000],
      [0, 0],
      [5000, 0],
      [17, 0],
    ] as const
    const some = Array.from({ length: 20 }, () => {
      const offset = next() % 5000
      return [offset, next() % (5001 - offset)] as const
    })
    for (const [offset, length] of [...edges, ...some]) {
      const bytes = await backend.read(file, { range: { offset, length } })
      expect(bytes, `${offset}+${length}`).toEqual(content.slice(offset, offset + length))
    }
    await backend.write({ type: 'config' }, [content])
    expect(await backend.read({ type: 'config' }, { range: { offset: 10, length: 20 } })).toEqual(
      content.slice(10, 30),
    )
  })

  it('reads the same into memory that is given and used again', async () => {
    const { backend } = subject()
    await backend.create()
    const { file, body, content } = sampleFile('pack', [noise(700_001, 13)])
    await backend.write(file, body)
    const shared = new Uint8Array(new SharedArrayBuffer(800_000))
    for (const into of [shared, shared, new Uint8Array(700_001), new Uint8Array(1000)]) {
      const whole = await backend.read(file, { into })
      expect(sampleFile('pack', [whole.slice()]).file).toEqual(file)
      for (const length of [500_000, 1000, 1]) {
        const bytes = await backend.read(file, { range: { offset: 77, length }, into })
        expect(Buffer.compare(bytes, content.subarray(77, 77 + length)), `${length}`).toBe(0)
      }
    }
    const beyond = { range: { offset: 1, length: 700_001 }, into: shared }
    await expect(backend.read(file, beyond)).rejects.toMatchObject(rejection('short-read'))
    const absent = sampleFile('pack', [noise(10, 14)]).file
    const reading = backend.read(absent, { into: shared })
    await expect(reading).rejects.toMatchObject(rejection('not-found'))
  })

  it('rejects a range that ends after the file', async () => {
    const { backend } = subject()
    await backend.create()
    const { file, body } = sampleFile('pack', [noise(100, 6)])
    await backend.write(file, body)
    for (const [offset, length] of [
      [0, 101],
      [99, 2],
      [100, 1],
      [5000, 10],
      [101, 0],
    ] as const) {
      const reading = backend.read(file, { range: { offset, length } })
      await expect(reading, `${offset}+${length}`).rejects.toMatchObject(rejection('short-read'))
    }
  })

  it('keeps an empty file', async () => {
    const { backend } = subject()
    await backend.create()
    for (const body of [[], [new Uint8Array()]]) {
      const { file } = sampleFile('lock', body)
      await backend.write(file, body)
      expect(await backend.stat(file)).toEqual({ name: file.name, size: 0 })
      expect(await backend.read(file)).toEqual(new Uint8Array())
      await backend.remove(file)
    }
  })

  it('keeps 20 MiB that come in thousands of pieces', { timeout: 60_000 }, async () => {
    const { backend } = subject()
    await backend.create()
    const content = noise(20 * MiB + 1, 7)
    const { file, body } = sampleFile('pack', inPieces(content, 8, 16_000))
    await backend.write(file, body)
    const read = await backend.read(file)
    expect(sampleFile('pack', [read]).file).toEqual(file)
    const range = { offset: 9 * MiB + 3, length: 10 * MiB }
    const part = sampleFile('pack', [await backend.read(file, { range })])
    const wanted = content.subarray(range.offset, range.offset + range.length)
    expect(part.file).toEqual(sampleFile('pack', [wanted]).file)
  })

  it('serves many requests at once', async () => {
    const { backend } = subject()
    await backend.create()
    const files = Array.from({ length: 40 }, (_, at) => sampleFile('pack', [noise(9000 + at, at)]))
    await Promise.all(files.map(({ file, body }) => backend.write(file, body)))
    const read = await Promise.all(
      files.map(async ({ file }, at) => [
        await backend.read(file),
        await backend.read(file, { range: { offset: at, length: 9000 } }),
        await backend.stat(file),
      ]),
    )
    expect(read).toEqual(
      files.map(({ file, content }, at) => [
        content,
        content.slice(at, at + 9000),
        { name: file.name, size: 9000 + at },
      ]),
    )
  })
}

export function describeListing(subject: () => BackendUnderTest): void {
  it('lists names and sizes of one type', async () => {
    const { backend } = subject()
    await backend.create()
    await backend.write({ type: 'config' }, [noise(155, 9)])
    const written = new Map<NamedFileType, SampleFile[]>()
    for (const [number, type] of namedFileTypes.entries()) {
      const files = Array.from({ length: 12 + number }, (_, at) =>
        sampleFile(type, [noise(50 + at, 100 * number + at)]),
      )
      for (const { file, body } of files) await backend.write(file, body)
      written.set(type, files)
    }
    for (const [type, files] of written) {
      const infos = files.map(({ file, content }) => ({ name: file.name, size: content.length }))
      expect(await listed(backend, type)).toEqual(infos.toSorted(byName))
    }
  })

  it('can be left in the middle of a listing', async () => {
    const { backend } = subject()
    await backend.create()
    for (let at = 0; at < 5; at++) {
      const { file, body } = sampleFile('index', [noise(60, at)])
      await backend.write(file, body)
    }
    let count = 0
    for await (const info of backend.list('index')) {
      expect(info.size).toBe(60)
      count++
      break
    }
    expect(count).toBe(1)
    expect(await listed(backend, 'index')).toHaveLength(5)
  })

  it('leaves foreign files out', async () => {
    const { backend, plant } = subject()
    await backend.create()
    const pack = sampleFile('pack', [noise(70, 10)])
    const key = sampleFile('key', [noise(80, 11)])
    await backend.write(pack.file, pack.body)
    await backend.write(key.file, key.body)
    const folder = `data/${pack.file.name.slice(0, 2)}`
    const content = noise(10, 12)
    await plant(`${folder}/${pack.file.name}-tmp-123456`, content)
    await plant(`${folder}/${pack.file.name}.rest-server-temp123456`, content)
    await plant(`${folder}/${pack.file.name.toUpperCase()}`, content)
    await plant(`${folder}/notes.txt`, content)
    await plant('keys/README', content)
    await plant(`keys/${key.file.name.slice(0, 63)}`, content)
    expect(await listed(backend, 'pack')).toEqual([{ name: pack.file.name, size: 70 }])
    expect(await listed(backend, 'key')).toEqual([{ name: key.file.name, size: 80 }])
  })
}
