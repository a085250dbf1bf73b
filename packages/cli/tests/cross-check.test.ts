/** `cross-check` on repositories that are whole, damaged, and shown by a restic that lies. */
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FixtureName, copyFixture, readFixture } from '../../../fixtures/read-manifest.ts'
import { peers } from '../../../tools/peers.ts'
import type { ResticResult, ResticRun } from '../../../tools/servers.ts'
import { addCheapKey } from './cheap-key.ts'
import { type Program, builtProgram, messages } from './programs.ts'

let folder = ''
let ours: Program & AsyncDisposable
let binaries: Awaited<ReturnType<typeof peers>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cross-check-'))
  ours = await builtProgram()
  binaries = await peers()
})
afterAll(async () => {
  await ours[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

let copies = 0

async function fixtureRun(name: FixtureName): Promise<ResticRun> {
  const repo = join(folder, `copy-${copies++}`)
  await copyFixture(name, repo)
  const { password } = await readFixture(name)
  return { repo, password, env: await addCheapKey(repo, password) }
}

function summary(result: ResticResult): Record<string, unknown> {
  return messages(result, 'summary')[0] ?? {}
}

describe('a repository that is whole', () => {
  it.for([
    ['v1-restic-0.14.0', 'restic014'],
    ['v2-restic-0.14.0', 'restic014'],
    ['v2-restic-0.14.0', 'restic018'],
    ['v1-restic-0.18.0', 'restic018'],
    ['v2-restic-0.18.0', 'restic018'],
  ] as const)('%s is seen the same by %s', async ([name, restic]) => {
    const run = await fixtureRun(name)
    const result = await ours.run(['cross-check', '--json', '--restic', binaries[restic]], run)
    expect(result).toMatchObject({ code: 0, stderr: '' })
    const found = summary(result)
    expect(found).toMatchObject({
      snapshots: { ours: 2, restic: 2 },
      trees: 2,
      check: { ours: 'clean', restic: 'clean' },
      differences: { snapshot: 0, entry: 0, content: 0, check: 0 },
      sound: true,
    })
    const { entries, files } = found as Record<string, { ours: number; restic: number }>
    expect(entries?.ours).toBeGreaterThan(160)
    expect(files?.ours).toBe(files?.restic)
  })

  it('is seen by an old restic without what it does not know: bytes in the target of a link', async () => {
    const run = await fixtureRun('v2-restic-0.18.0')
    const args = ['cross-check', '--json', '--restic', binaries.restic014]
    const result = await ours.run(args, run)
    expect(result.code).toBe(1)
    const paths = messages(result, 'difference').map(({ subject, path }) => [subject, path])
    const link = ['content', '/sample/link-invalid-utf8']
    expect(paths).toEqual([link, link])
  })

  it('is verified by our code alone where there is no restic', async () => {
    const run = await fixtureRun('v2-restic-0.18.0')
    const result = await ours.run(['cross-check'], {
      ...run,
      env: { ...run.env, PATH: '/nowhere' },
    })
    expect(result.code).toBe(0)
    expect(result.stdout).toContain('nothing is damaged; there was no restic to compare with')
  })

  it('is compared for the snapshots that are named', async () => {
    const run = await fixtureRun('v2-restic-0.18.0')
    const args = ['cross-check', '--json', '--restic', binaries.restic018]
    expect(summary(await ours.run([...args, 'latest'], run))).toMatchObject({
      trees: 1,
      sound: true,
    })
    expect(await ours.run([...args, 'ffffffff'], run)).toMatchObject({ code: 1 })
  })
})

describe('a repository that is damaged', () => {
  it('is found damaged by both', async () => {
    const run = await fixtureRun('v2-restic-0.18.0')
    const pack = await largestPack(run.repo)
    const bytes = await readFile(pack)
    bytes[5000] = (bytes[5000] ?? 0) ^ 1
    await chmod(pack, 0o600)
    await writeFile(pack, bytes)
    const result = await ours.run(['cross-check', '--json', '--restic', binaries.restic018], run)
    expect(result.code).toBe(1)
    expect(summary(result)).toMatchObject({
      check: { ours: 'damaged', restic: 'damaged' },
      sound: false,
    })
    const contents = messages(result, 'difference').filter(({ subject }) => subject === 'content')
    expect(contents.length).toBeGreaterThan(0)
  })
})

async function largestPack(repo: string): Promise<string> {
  const entries = await readdir(join(repo, 'data'), { recursive: true, withFileTypes: true })
  const packs = entries.filter((entry) => entry.isFile())
  const sized = await Promise.all(
    packs.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name)
      return { path, size: (await readFile(path)).length }
    }),
  )
  return sized.toSorted((a, b) => b.size - a.size)[0]?.path ?? ''
}

describe('a restic that says something else', () => {
  it.for([
    ['snapshots', 's/"hostname":"[^"]*"/"hostname":"elsewhere"/', 'snapshot'],
    ['ls', 's/"uid":[0-9]*/"uid":77/', 'entry'],
    ['ls', '/plain.txt/d', 'entry'],
    ['dump', 's/one line of text/one lime of text/', 'content'],
  ])(
    'is caught when it changes the output of %s by %s',
    async ([command = '', script = '', subject]) => {
      const run = await fixtureRun('v2-restic-0.18.0')
      const liar = join(folder, `liar-${copies}`)
      const real = `'${binaries.restic018}' "$@"`
      const lines = [
        '#!/bin/sh',
        `if [ "$1" = ${command} ]; then ${real} | sed '${script}'; else exec ${real}; fi`,
      ]
      await writeFile(liar, `${lines.join('\n')}\n`, { mode: 0o755 })
      const result = await ours.run(['cross-check', '--json', '--restic', liar], run)
      expect(result.code).toBe(1)
      const subjects = new Set(messages(result, 'difference').map((message) => message['subject']))
      expect(subjects).toEqual(new Set([subject]))
      expect(summary(result)).toMatchObject({ sound: false })
    },
  )
})
