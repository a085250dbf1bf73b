import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { copyFixture, fixturePath, readManifest } from '../fixtures/read-manifest.ts'
import { peers } from './peers.ts'
import { runRestic } from './servers.ts'

const { repositories } = await readManifest()

describe.for(repositories)('fixture $name', (repository) => {
  it('has exactly the files of the manifest', async () => {
    const folder = fixturePath(repository.name)
    const found = await readdir(folder, { recursive: true, withFileTypes: true })
    const names = found.filter((entry) => entry.isFile()).map(({ name }) => name)
    expect(new Set(names)).toEqual(new Set(repository.files.map(({ path }) => basename(path))))
    for (const { path, size, sha256 } of repository.files) {
      const bytes = await readFile(join(folder, path))
      const hash = createHash('sha256').update(bytes).digest('hex')
      expect({ path, size: bytes.length, hash }).toEqual({ path, size, hash: sha256 })
    }
  })

  it('has two snapshots of the sample and a file of several chunks', () => {
    expect(repository.snapshots.map(({ tags, parent }) => [tags, parent])).toEqual([
      [['first', 'nightly'], undefined],
      [['second'], repository.snapshots[0]?.id],
    ])
    for (const { entries } of repository.snapshots) {
      const random = entries.find(({ pathHex }) => textOf(pathHex) === 'sample/random.bin')
      expect(random?.content?.length).toBeGreaterThan(1)
      expect(new Set(entries.map(({ type }) => type))).toEqual(
        new Set(['dir', 'fifo', 'file', 'symlink']),
      )
    }
  })
})

describe('copyFixture', () => {
  it('makes a repository restic finds whole', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fixture-copy-'))
    try {
      const repo = join(folder, 'copy')
      await copyFixture('v1-restic-0.14.0', repo)
      const { restic018 } = await peers()
      const options = { repo, password: repositories[0]?.password ?? '' }
      expect(await runRestic(restic018, ['check'], options)).toMatchObject({ code: 0 })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

function textOf(hex: string): string {
  return Buffer.from(hex, 'hex').toString()
}
