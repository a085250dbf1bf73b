import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:https'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, promisify } from 'node:util'
import type { AddressInfo } from 'node:net'
import { equalBytes } from 'restic-core/backend'
import { listed, noise, sampleFile } from 'restic-core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  selfSignedCertificate,
  startRclone,
  startRestServer,
  type RunningServer,
  type TestCertificates,
} from '../../../tools/servers.ts'
import { restBackend } from '../src/index.ts'
import { startForwardProxy } from './forward-proxy.ts'
import { startScripted, status } from './scripted-server.ts'

const pack = sampleFile('pack', [noise(1_500_000, 1)])
const config = { type: 'config' } as const

let folder = ''
let certificates: TestCertificates
let ca = ''
let plain: RunningServer
let secure: RunningServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rest-tls-'))
  certificates = await selfSignedCertificate(folder)
  ca = await readFile(certificates.ca, 'utf8')
  plain = await startRestServer({ dataDir: join(folder, 'plain') })
  secure = await startRestServer({ dataDir: join(folder, 'secure'), tls: certificates })
})
afterAll(async () => {
  await plain.stop()
  await secure.stop()
  await rm(folder, { recursive: true })
})

describe('TLS', () => {
  it('to a server of an unknown authority fails for good, with advice', async () => {
    await using backend = restBackend({ url: secure.url })
    await expect(backend.stat(config)).rejects.toMatchObject({
      reason: 'unavailable',
      permanent: true,
      message: expect.stringContaining("the server's certificate cannot be verified"),
      hint: expect.stringContaining('--cacert'),
    })
  })

  it('to a server of an authority that only the system knows works', async () => {
    const program = `
      import { restBackend } from ${JSON.stringify(join(import.meta.dirname, '../src/index.ts'))}
      await using backend = restBackend({ url: process.argv[1] })
      const all = [1, 2, 3, 4].map(() => backend.stat({ type: 'config' }).catch((error) => error.reason))
      console.log((await Promise.all(all)).join(' '))`
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', program, secure.url],
      { env: { SSL_CERT_FILE: certificates.ca } },
    )
    expect(stdout).toBe('not-found not-found not-found not-found\n')
  })

  it.each([
    ['certificate', (key: string) => ({ cert: 'garbage', key })],
    ['key', (_key: string, cert: string) => ({ cert, key: 'garbage' })],
    ['pair', (key: string) => ({ cert: ca, key })],
  ])('with an unusable client %s fails for good, with advice', async (_what, choose) => {
    const key = await readFile(certificates.clientKey, 'utf8')
    const cert = await readFile(certificates.clientCert, 'utf8')
    await using backend = restBackend({ url: secure.url, tls: { ca, ...choose(key, cert) } })
    await expect(backend.stat(config)).rejects.toMatchObject({
      reason: 'unavailable',
      permanent: true,
      hint: expect.stringContaining('PEM'),
    })
  })

  it('to a server of another name fails for good', async () => {
    const tls = { cert: await readFile(certificates.cert), key: await readFile(certificates.key) }
    const server = createServer(tls, (_request, response) => response.end())
    server.listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await using backend = restBackend({ url: `https://127.0.0.2:${port}/`, tls: { ca } })
    await expect(backend.stat(config)).rejects.toMatchObject({
      permanent: true,
      hint: expect.stringContaining('right server'),
    })
    server.close()
    server.closeAllConnections()
  })

  it('is not verified when the caller says so', async () => {
    await using backend = restBackend({ url: `${secure.url}a`, tls: { insecure: true } })
    await backend.create()
    expect(await listed(backend, 'key')).toEqual([])
  })

  it('to a server without TLS, and none to one with it, fails for good with advice', async () => {
    for (const url of [
      plain.url.replace('http:', 'https:'),
      secure.url.replace('https:', 'http:'),
    ]) {
      await using backend = restBackend({ url, tls: { ca } })
      await expect(backend.stat(config), url).rejects.toMatchObject({
        permanent: true,
        hint: expect.stringContaining('https or http'),
      })
    }
  })

  it('to a server that wants a client certificate fails with advice', async () => {
    const tls = { ...certificates, clientCa: certificates.ca }
    await using server = await startRclone({ dataDir: join(folder, 'client'), tls })
    await using backend = restBackend({ url: server.url, tls: { ca } })
    await expect(backend.stat(config)).rejects.toMatchObject({
      reason: 'unavailable',
      hint: expect.stringContaining('--tls-client-cert'),
    })
  })
})

describe('a proxy', () => {
  it('carries requests to plain servers as requests', async () => {
    await using proxy = await startForwardProxy({ credentials: 'me:pr0xy-s3cret' })
    const url = `${plain.url}through-proxy`
    await using backend = restBackend({ url, proxy: { httpProxy: proxy.url } })
    await backend.create()
    await backend.write(pack.file, pack.body)
    expect(equalBytes(await backend.read(pack.file), pack.content)).toBe(true)
    expect(await listed(backend, 'pack')).toEqual([{ name: pack.file.name, size: 1_500_000 }])
    expect(proxy.requests).toEqual([
      `HEAD ${url}/config`,
      `POST ${url}/?create=true`,
      `POST ${url}/data/${pack.file.name}`,
      `GET ${url}/data/${pack.file.name}`,
      `GET ${url}/data/`,
    ])
  })

  it('carries TLS as a tunnel, verified at its end', async () => {
    await using proxy = await startForwardProxy()
    const options = { url: `${secure.url}tunnel`, proxy: { httpsProxy: proxy.url } }
    await using backend = restBackend({ ...options, tls: { ca } })
    await backend.create()
    await backend.write(pack.file, pack.body)
    expect(equalBytes(await backend.read(pack.file), pack.content)).toBe(true)
    expect(new Set(proxy.requests)).toEqual(new Set([`CONNECT ${new URL(secure.url).host}`]))
    await using distrustful = restBackend(options)
    await expect(distrustful.stat(config)).rejects.toMatchObject({
      permanent: true,
      hint: expect.stringContaining('--cacert'),
    })
  })

  it('is reached by TLS under its own name', async () => {
    const tls = { cert: await readFile(certificates.cert), key: await readFile(certificates.key) }
    await using proxy = await startForwardProxy({ tls })
    const ways = { httpProxy: proxy.url, httpsProxy: proxy.url }
    for (const { url } of [plain, secure]) {
      await using backend = restBackend({ url, tls: { ca }, proxy: ways })
      await expect(backend.stat(config)).rejects.toMatchObject({ reason: 'not-found' })
    }
    expect(proxy.names).toEqual(['localhost', 'localhost'])
  })

  it('hears the address of a server in brackets', async () => {
    await using proxy = await startForwardProxy()
    const options = { url: 'https://[fd00::7]:8443/', proxy: { httpsProxy: proxy.url } }
    await using backend = restBackend(options)
    await expect(backend.stat(config)).rejects.toMatchObject({ reason: 'unavailable' })
    expect(proxy.requests).toEqual(['CONNECT [fd00::7]:8443'])
  })

  it('that does not answer is left when the store is closed', async () => {
    await using proxy = await startForwardProxy({ isSilent: true })
    const backend = restBackend({ url: secure.url, proxy: { httpsProxy: proxy.url } })
    const asked = backend.stat(config).catch((failure: unknown) => failure)
    while (proxy.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await backend[Symbol.asyncDispose]()
    expect(await asked).toMatchObject({ reason: 'refused' })
    while ((await proxy.connections()) > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  it('is left alone for hosts that need none, sockets, and the other scheme', async () => {
    await using proxy = await startForwardProxy()
    await using server = await startScripted(status(404))
    const socket = join(folder, 'socket')
    await using onSocket = await startRestServer({ dataDir: join(folder, 's'), unixSocket: socket })
    for (const options of [
      { url: server.url, proxy: { httpProxy: proxy.url, noProxy: 'example.org, 127.0.0.1' } },
      { url: server.url, proxy: { httpsProxy: proxy.url } },
      { url: secure.url, tls: { ca }, proxy: { httpProxy: proxy.url } },
      { url: onSocket.url, proxy: { httpProxy: proxy.url } },
    ]) {
      await using backend = restBackend(options)
      await expect(backend.stat(config)).rejects.toMatchObject({ reason: 'not-found' })
    }
    expect(proxy.requests).toEqual([])
  })

  it('that wants other credentials is told as such, without them', async () => {
    await using proxy = await startForwardProxy({ credentials: 'me:right' })
    const wrong = proxy.url.replace('me:right', 'me:wr0ng-s3cret')
    for (const options of [
      { url: plain.url, proxy: { httpProxy: wrong } },
      { url: secure.url, tls: { ca }, proxy: { httpsProxy: wrong } },
    ]) {
      await using backend = restBackend(options)
      const error: unknown = await backend.stat(config).catch((failure: unknown) => failure)
      expect(error).toMatchObject({
        permanent: true,
        hint: expect.stringContaining('password of the proxy'),
      })
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('wr0ng')
    }
  })

  it('that cannot be reached is told, and not the server', async () => {
    await using proxy = await startForwardProxy()
    const { url } = proxy
    await proxy[Symbol.asyncDispose]()
    for (const options of [
      { url: plain.url, proxy: { httpProxy: url } },
      { url: secure.url, tls: { ca }, proxy: { httpsProxy: url } },
    ]) {
      await using backend = restBackend(options)
      await expect(backend.stat(config)).rejects.toMatchObject({
        reason: 'unavailable',
        message: expect.stringContaining(`the proxy ${new URL(url).host} cannot be reached`),
        hint: expect.stringContaining('HTTPS_PROXY'),
      })
    }
  })

  it('may be given without a scheme, and is not shown when it is no address', async () => {
    await using proxy = await startForwardProxy()
    const httpProxy = proxy.url.replace('http://', '')
    await using backend = restBackend({ url: plain.url, proxy: { httpProxy } })
    await expect(backend.stat(config)).rejects.toMatchObject({ reason: 'not-found' })
    expect(proxy.requests).toEqual([`HEAD ${plain.url}config`])
    const broken = { httpProxy: 'http://me:wr0ng-s3cret@host:port' }
    await using lost = restBackend({ url: plain.url, proxy: broken })
    const error: unknown = await lost.stat(config).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ reason: 'refused', permanent: true })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('wr0ng')
  })
})
