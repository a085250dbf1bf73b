import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeFileAccess } from '../src/node/file-access.ts'
import { fileTarget } from '../src/node/file-target.ts'
import { planRestore } from '../src/operations/restorer/plan.ts'
import type { PlanRestoreOptions } from '../src/operations/restorer/plan.ts'
import { restore } from '../src/operations/restorer/restore.ts'
import type { IndexedRepository } from '../src/repository/api.ts'
import { type EntryLiteral, storeTree, testRepository, testRuntime } from '../src/testing/index.ts'

/** Whoever has the password can store any tree. What it says must stay below the target. */

let folder: string
let target: string
let outside: string
let repository: IndexedRepository
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hostile-'))
  target = join(folder, 'target')
  outside = join(folder, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'precious'), 'mine')
  const runtime = await testRuntime({ files: nodeFileAccess() })
  repository = await (await testRepository({ runtime })).loadIndex()
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = (name: string, content = 'evil'): EntryLiteral => ({
  name,
  data: [new TextEncoder().encode(content)],
})
const link = (name: string, linktarget: string): EntryLiteral => ({
  name,
  type: 'symlink',
  linktarget,
})

/** Returns the paths that were refused. */
async function restoreEntries(
  entries: readonly EntryLiteral[],
  options: PlanRestoreOptions = {},
): Promise<string[]> {
  const refused: string[] = []
  const onError = (path: string): 'skip' => {
    refused.push(path)
    return 'skip'
  }
  const root = await storeTree(repository, entries)
  const at = fileTarget({ root: target })
  const plan = await planRestore(repository, root, at, { ...options, onError })
  await restore(repository, plan, at, { onError })
  return refused
}

function expectOutsideUntouched(): void {
  expect(readdirSync(folder).toSorted()).toEqual(['outside', 'target'])
  expect(readdirSync(outside)).toEqual(['precious'])
  expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('mine')
}

describe('a hostile snapshot', () => {
  it.each(['..', '.', '../escaped', 'a/b', '/absolute', '/', 'nul\0byte', '../outside/precious'])(
    'gets no entry with the name %j',
    async (name) => {
      for (const entry of [file(name), link(name, 'x'), { name, entries: [file('x')] }]) {
        expect(await restoreEntries([entry, file('fine')])).toEqual([`/${name}`])
        expect(readdirSync(target)).toEqual(['fine'])
        expectOutsideUntouched()
      }
    },
  )

  it('deletes nothing when it has a name that was refused', async () => {
    mkdirSync(target)
    writeFileSync(join(target, 'kept'), '')
    await restoreEntries([file('..')], { delete: true })
    expect(readdirSync(target)).toEqual(['kept'])
  })

  it('makes a symlink that leads outside, and writes nothing through it later', async () => {
    await restoreEntries([link('d', outside), link('precious', join(outside, 'precious'))])
    expect(readlinkSync(join(target, 'd'))).toBe(outside)
    // As a second snapshot would have it, over the first.
    await restoreEntries([{ name: 'd', entries: [file('precious')] }, file('precious')])
    expect(lstatSync(join(target, 'd')).isDirectory()).toBe(true)
    expect(readFileSync(join(target, 'd', 'precious'), 'utf8')).toBe('evil')
    expect(readFileSync(join(target, 'precious'), 'utf8')).toBe('evil')
    expectOutsideUntouched()
  })

  it('has no directory below a symlink that is put there while it is restored', async () => {
    const root = await storeTree(repository, [{ name: 'd', entries: [file('precious')] }])
    const at = fileTarget({ root: target })
    const plan = await planRestore(repository, root, at)
    mkdirSync(target)
    symlinkSync(outside, join(target, 'd'))
    await restore(repository, plan, at)
    expect(lstatSync(join(target, 'd')).isDirectory()).toBe(true)
    expectOutsideUntouched()
  })

  it('follows no symlink in the place of a file it means to change', async () => {
    mkdirSync(target)
    writeFileSync(join(target, 'f'), 'old')
    const root = await storeTree(repository, [file('f')])
    const at = fileTarget({ root: target })
    const plan = await planRestore(repository, root, at)
    rmSync(join(target, 'f'))
    symlinkSync(join(outside, 'precious'), join(target, 'f'))
    await expect(restore(repository, plan, at)).rejects.toMatchObject({
      code: 'TARGET',
      reason: 'unsafe',
      path: join(target, 'f'),
    })
    expectOutsideUntouched()
  })

  it('sets no permissions through a symlink', async () => {
    await restoreEntries([{ ...link('l', join(outside, 'precious')), mode: 0o777 }])
    expect(lstatSync(join(outside, 'precious')).mode & 0o777).toBe(0o644)
  })

  it('removes a symlink to a directory, and not what is in that directory', async () => {
    mkdirSync(target)
    symlinkSync(outside, join(target, 'd'))
    await restoreEntries([], { delete: true })
    expect(existsSync(join(target, 'd'))).toBe(false)
    expectOutsideUntouched()
  })
})
