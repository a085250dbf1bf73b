import { describe, expect, it } from 'vitest'
import { listed, noise, sampleFile } from '../testing/index.ts'
import { dryRun } from './dry-run.ts'
import { foldersOfRepository, namedFileTypes, pathOf, urlPathOf } from './layout.ts'
import { memoryBackend } from './memory.ts'
import { requestLabel } from './request.ts'
import { trace, type RequestEvent } from './trace.ts'

const pack = sampleFile('pack', [noise(100, 1)])

describe('dryRun', () => {
  it('changes nothing and reads on', async () => {
    const inner = memoryBackend()
    await inner.write(pack.file, pack.body)
    const before = inner.files()
    const backend = dryRun()(inner)
    const index = sampleFile('index', [noise(50, 2)])
    await backend.create()
    await backend.write(index.file, index.body)
    await backend.write({ type: 'config' }, [noise(155, 3)])
    await backend.remove(pack.file)
    expect(inner.files()).toEqual(before)
    expect(await backend.read(pack.file)).toEqual(pack.content)
    expect(await listed(backend, 'index')).toEqual([])
  })
})

describe('trace', () => {
  it('tells each request when it ends, with its bytes, time and failure', async () => {
    const events: RequestEvent[] = []
    let nowNs = 0n
    const clock = { nowNs: () => (nowNs += 5_000_000n) }
    const backend = trace(clock, (event) => events.push(event))(memoryBackend())
    const gone = { type: 'snapshot', name: pack.file.name } as const
    await backend.write(pack.file, pack.body)
    await backend.read(pack.file, { range: { offset: 10, length: 20 } })
    expect(await listed(backend, 'pack')).toHaveLength(1)
    await expect(backend.stat(gone)).rejects.toMatchObject({ reason: 'not-found' })
    await backend.remove(pack.file)
    const digits = pack.file.name.slice(0, 10)
    expect(
      events.map(({ request, bytes, durationMs }) => [requestLabel(request), bytes, durationMs]),
    ).toEqual([
      [`write pack/${digits}`, 100, 5],
      [`read pack/${digits}`, 20, 5],
      ['list pack', 0, 5],
      [`stat snapshot/${digits}`, 0, 5],
      [`remove pack/${digits}`, 0, 5],
    ])
    expect(events.map(({ error }) => error !== undefined)).toEqual([
      false,
      false,
      false,
      true,
      false,
    ])
  })
})

describe('the layout', () => {
  it('puts files where restic looks for them', () => {
    const name = `ab${'0'.repeat(62)}`
    const paths = namedFileTypes.map((type) => pathOf({ type, name }))
    expect(paths).toEqual([
      `data/ab/${name}`,
      `index/${name}`,
      `keys/${name}`,
      `locks/${name}`,
      `snapshots/${name}`,
    ])
    expect(pathOf({ type: 'config' })).toBe('config')
    expect(urlPathOf({ type: 'config' })).toBe('config')
    expect(urlPathOf({ type: 'pack', name })).toBe(`data/${name}`)
    expect(foldersOfRepository()).toHaveLength(261)
  })

  it.each(['', '../../etc/passwd', 'config', 'AB'.repeat(32), 'ab'.repeat(31)])(
    'has no place for %s',
    (name) => {
      expect(() => pathOf({ type: 'pack', name })).toThrow(TypeError)
      expect(() => urlPathOf({ type: 'lock', name })).toThrow(TypeError)
    },
  )
})
