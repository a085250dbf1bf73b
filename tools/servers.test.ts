import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peers, type Peers } from './peers.ts'
import { runRestic, selfSignedCertificate, startRclone, startRestServer } from './servers.ts'

let paths: Peers
let folder: string

beforeAll(async () => {
  paths = await peers()
  folder = await mkdtemp(join(tmpdir(), 'servers-test-'))
  await mkdir(join(folder, 'source'))
  await writeFile(join(folder, 'source', 'a.txt'), 'a')
})

afterAll(async () => rm(folder, { recursive: true }))

/** Runs each verb, which must succeed. Without verbs: the first thing a client does. */
async function expectRestic(repo: string, options: string[] = [], verbs = [['init']]) {
  for (const verb of verbs) {
    const run = { repo, password: 'p', cwd: join(folder, 'source') }
    const { code, stderr } = await runRestic(paths.restic018, [...options, ...verb], run)
    expect({ verb, code, stderr }).toMatchObject({ verb, code: 0 })
  }
}

const wholeRound = [['init'], ['backup', 'a.txt'], ['check', '--read-data']]

describe('startRestServer', () => {
  it('serves a repository to restic and says what was asked', async () => {
    await using server = await startRestServer({ dataDir: join(folder, 'plain') })
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
    await expectRestic(`rest:${server.url}repo/`, [], wholeRound)
    expect(server.logs()).toContain('POST /repo/snapshots/')
  })

  it('asks for the password of the htpasswd file and keeps users apart', async () => {
    await using server = await startRestServer({
      dataDir: join(folder, 'auth'),
      htpasswd: { ann: 'secret' },
      privateRepos: true,
      appendOnly: true,
    })
    const status = async (path: string, login?: string) => {
      const headers = login === undefined ? {} : { authorization: `Basic ${btoa(login)}` }
      return (await fetch(server.url + path, { method: 'HEAD', headers })).status
    }
    expect(await status('ann/config')).toBe(401)
    expect(await status('ann/config', 'ann:wrong')).toBe(401)
    expect(await status('bob/config', 'ann:secret')).toBe(401)
    expect(await status('ann/config', 'ann:secret')).toBe(404)
    await expectRestic(`rest:${server.url.replace('//', '//ann:secret@')}ann/`)
  })

  it('listens on a Unix socket', async () => {
    const unixSocket = join(folder, 'rest.sock')
    await using server = await startRestServer({ dataDir: join(folder, 'unix'), unixSocket })
    await expectRestic(`rest:${server.url}repo/`)
  })

  it('speaks TLS with the certificate of the test authority', async () => {
    const tls = await selfSignedCertificate(folder)
    await using server = await startRestServer({ dataDir: join(folder, 'tls'), tls })
    expect(server.url).toMatch(/^https:/)
    await expectRestic(`rest:${server.url}repo/`, ['--cacert', tls.ca])
  })

  it('is gone after stop, which may be called again', async () => {
    const server = await startRestServer({ dataDir: join(folder, 'gone') })
    await server.stop()
    await server.stop()
    await expect(fetch(server.url)).rejects.toThrow('fetch failed')
  })

  it('rejects with the log when the server ends at once', async () => {
    const dataDir = join(folder, 'refused')
    await expect(startRestServer({ dataDir, extraArgs: ['--nonsense'] })).rejects.toThrow(
      /ended \(1\):[^]*unknown flag/,
    )
  })
})

describe('startRclone', () => {
  it('serves a repository to restic', async () => {
    await using server = await startRclone({ dataDir: join(folder, 'rclone') })
    await expectRestic(`rest:${server.url}repo/`, [], wholeRound)
  })

  it('refuses a client without a certificate when it knows an authority', async () => {
    const tls = await selfSignedCertificate(folder)
    const dataDir = join(folder, 'rclone-mtls')
    await using server = await startRclone({ dataDir, tls: { ...tls, clientCa: tls.ca } })
    const repo = `rest:${server.url}repo/`
    const options = { repo, password: 'p', signal: AbortSignal.timeout(3_000) }
    const refused = runRestic(paths.restic018, ['--cacert', tls.ca, 'init'], options)
    await expect(refused.then(({ code }) => code)).resolves.toBe(1)
    await expectRestic(repo, ['--cacert', tls.ca, '--tls-client-cert', tls.clientPem])
  })
})

describe('runRestic', () => {
  it('returns the exit code of a failure', async () => {
    const repo = join(folder, 'absent')
    const result = await runRestic(paths.restic018, ['snapshots'], { repo, password: 'p' })
    expect(result).toMatchObject({ code: 10, stdout: '' })
    expect(result.stderr).toContain('repository does not exist')
  })
})
