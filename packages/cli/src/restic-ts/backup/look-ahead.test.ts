import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { layOutTargets, type SourceTree } from 'restic-core'
import { fileSource } from 'restic-core/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LookAhead } from './look-ahead.ts'

/** The files of this machine, and what was asked of them. */
function watched(): { readonly source: SourceTree; readonly asked: string[] } {
  const files = fileSource()
  const asked: string[] = []
  const source: SourceTree = {
    entry: (path) => (asked.push(path), files.entry(path)),
    list: (path) => (asked.push(`${path}/`), files.list(path)),
    entryFollowed: (path) => files.entryFollowed(path),
    linkTarget: (path) => files.linkTarget(path),
    extendedAttributes: (path, options) => files.extendedAttributes(path, options),
  }
  return { source, asked }
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 1))
}

describe('looking ahead', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'look-ahead-'))
    mkdirSync(join(folder, 'in'))
    mkdirSync(join(folder, 'out'))
    for (const name of ['in/a', 'in/b', 'out/c']) writeFileSync(join(folder, name), name)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const targets = () => layOutTargets([folder], () => [])

  it('asks about what will be stored, and tells it once', async () => {
    const { source, asked } = watched()
    await using ahead = LookAhead.start(source, targets(), {
      byPath: (path) => path.endsWith('/out'),
    })
    await until(() => asked.includes(`${folder}/in/b`))
    const paths = ['', '/in', '/in/a', '/in/b'].map((path) => folder + path)
    expect(asked.filter((path) => !path.endsWith('/'))).toEqual(paths)
    asked.length = 0
    expect(ahead.list(`${folder}/in`).toSorted()).toEqual(['a', 'b'])
    expect(ahead.entry(`${folder}/in/a`)).toMatchObject({ type: 'file', size: 4 })
    expect(asked).toEqual([])
    writeFileSync(join(folder, 'in/a'), 'longer')
    expect(ahead.entry(`${folder}/in/a`)).toMatchObject({ size: 6 })
    expect(asked).toEqual([`${folder}/in/a`])
  })

  it('tells nothing that has become old', async () => {
    const { source, asked } = watched()
    let nowMs = 0
    await using ahead = LookAhead.start(source, targets(), {}, { nowMs: () => nowMs })
    await until(() => asked.includes(`${folder}/out/c`))
    nowMs = 2000
    expect(ahead.list(`${folder}/in`).toSorted()).toEqual(['a', 'b'])
    writeFileSync(join(folder, 'in/a'), 'longer')
    rmSync(join(folder, 'out/c'))
    nowMs = 2001
    expect(ahead.entry(`${folder}/in/a`)).toMatchObject({ size: 6 })
    expect(ahead.list(`${folder}/out`)).toEqual([])
  })

  it('lets others have their turn in folders without files', async () => {
    for (let at = 0; at < 3000; at++) mkdirSync(join(folder, `in/${at}`))
    const { source, asked } = watched()
    await using ahead = LookAhead.start(source, targets(), {})
    expect(asked.length).toBeLessThan(6000)
    await until(() => asked.includes(`${folder}/out/c`))
    expect(ahead.entry(`${folder}/in/7`)).toMatchObject({ type: 'dir' })
  })

  it('pauses when others need the processors', async () => {
    for (let at = 0; at < 3000; at++) mkdirSync(join(folder, `in/${at}`))
    const { source, asked } = watched()
    const { promise, resolve: goOn } = Promise.withResolvers<void>()
    await using ahead = LookAhead.start(source, targets(), {}, { pause: () => promise })
    const before = asked.length
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(asked.length).toBe(before)
    const stopped = ahead[Symbol.asyncDispose]()
    goOn()
    await stopped
    expect(ahead.entry(`${folder}/in/7`)).toMatchObject({ type: 'dir' })
  })

  it('leaves what it could not read to who asks', async () => {
    const { source, asked } = watched()
    const failing: SourceTree = {
      ...source,
      entry: (path) => source.entry(path.endsWith('/a') ? `${path}-broken` : path),
    }
    await using ahead = LookAhead.start(failing, targets(), {})
    await until(() => asked.includes(`${folder}/in/b`))
    expect(() => ahead.entry(`${folder}/in/a`)).toThrow('a-broken')
    expect(ahead.entry(`${folder}/in/b`)).toMatchObject({ size: 4 })
    expect(() => ahead.entry(`${folder}/none`)).toThrow('none')
  })
})
