import { describe, expect, it } from 'vitest'
import { describeBackend, noise, sampleFile } from '../testing/index.ts'
import { memoryBackend } from './memory.ts'
import { overriding } from './request.ts'

describeBackend(
  'memoryBackend',
  async () => {
    let store = memoryBackend()
    return {
      backend: overriding(store, {
        list: (type, options) => store.list(type, options),
        stat: (file, options) => store.stat(file, options),
        read: (file, options) => store.read(file, options),
        write: (file, body, options) => store.write(file, body, options),
        remove: (file, options) => store.remove(file, options),
        create: (options) => store.create(options),
      }),
      cleanup: async () => {},
      plant: async (path, content) => {
        store = memoryBackend({ files: store.files().set(path, content) })
      },
    }
  },
  { rewriting: 'refused', repeating: 'accepted', removing: 'everything', absence: 'told' },
)

describe('memoryBackend', () => {
  it('shows what it holds by path, as it was at that moment', async () => {
    const backend = memoryBackend()
    const { file, body, content } = sampleFile('pack', [noise(20, 1)])
    await backend.write({ type: 'config' }, [noise(10, 2)])
    await backend.write(file, body)
    const files = backend.files()
    await backend.remove(file)
    expect(files).toEqual(
      new Map([
        ['config', noise(10, 2)],
        [`data/${file.name.slice(0, 2)}/${file.name}`, content],
      ]),
    )
    const again = memoryBackend({ files })
    expect(await again.read(file)).toEqual(content)
    expect([...backend.files().keys()]).toEqual(['config'])
  })

  it('is not changed by who changes what was written or read', async () => {
    const backend = memoryBackend()
    const { file, content } = sampleFile('index', [noise(20, 3)])
    const mine = content.slice()
    await backend.write(file, [mine])
    mine.fill(0)
    const read = await backend.read(file)
    read.fill(0)
    expect(await backend.read(file)).toEqual(content)
  })

  it('leaves out what is not named by an id', async () => {
    const { file, content } = sampleFile('key', [noise(20, 4)])
    const backend = memoryBackend({
      files: new Map([
        [`keys/${file.name}`, content],
        ['keys/README', noise(3, 5)],
        [`keys/${file.name}-tmp-1`, noise(3, 5)],
      ]),
    })
    const names: string[] = []
    for await (const info of backend.list('key')) names.push(info.name)
    expect(names).toEqual([file.name])
  })
})
