import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { debianSources } from './apt-sources.ts'
import { peers, versionOf, wantedPeers } from './peers.ts'

describe('peers', () => {
  it('are the four programs in their wanted versions', async () => {
    const paths = await peers()
    const versions = await Promise.all(
      wantedPeers.map(async ({ key, versionArgument }) => [
        key,
        await versionOf(paths[key], versionArgument),
      ]),
    )
    expect(Object.fromEntries(versions)).toEqual({
      restic014: '0.14.0',
      restic018: '0.18.0',
      rclone: '1.60.1',
      restServer: '0.13.0',
    })
  })
})

describe('debianSources', () => {
  it('reads both notations and names each Debian archive once', async () => {
    const etc = await mkdtemp(join(tmpdir(), 'apt-sources-'))
    try {
      await mkdir(join(etc, 'sources.list.d'))
      await writeFile(
        join(etc, 'sources.list'),
        '# deb http://commented.example/debian bookworm main\n' +
          'deb [arch=amd64,arm64 signed-by=/keys/a.gpg] http://lines.example/debian bookworm main contrib # x\n' +
          'deb-src http://lines.example/debian bookworm main\n' +
          'deb http://lines.example/debian bookworm-updates main\n' +
          'deb http://other.example/tools stable tools\n',
      )
      await writeFile(
        join(etc, 'sources.list.d', 'debian.sources'),
        'Types: deb deb-src\n# a comment\nURIs: http://stanzas.example/debian\n' +
          'Suites: bookworm bookworm-updates\nComponents: main\nSigned-By:\n -----BEGIN PGP\n .\n abc\n' +
          '\nTypes: deb\nURIs: http://off.example/debian\nSuites: trixie\nComponents: main\nEnabled: no\n' +
          '\nTypes: deb\nURIs: http://stanzas.example/security\nSuites: bookworm-security\nComponents: main\n',
      )
      const sources = await debianSources(etc)
      expect(await Promise.all(sources.map((source) => source.stanzaFor('trixie', '/k')))).toEqual([
        'types: deb\nuris: http://lines.example/debian\nsuites: trixie\ncomponents: main\n' +
          'architectures: amd64 arm64\nsigned-by: /keys/a.gpg /k\n',
        'types: deb\nuris: http://stanzas.example/debian\nsuites: trixie\ncomponents: main\n' +
          'signed-by: -----BEGIN PGP\n .\n abc\n',
      ])
    } finally {
      await rm(etc, { recursive: true })
    }
  })
})
