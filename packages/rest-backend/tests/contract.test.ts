import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describeBackend, type BackendUnderTest, type ExpectedTraits } from 'restic-core/testing'
import { afterAll, beforeAll, describe } from 'vitest'
import {
  selfSignedCertificate,
  startRclone,
  startRestServer,
  type RunningServer,
  type TestCertificates,
} from '../../../tools/servers.ts'
import { restBackend, type RestBackendOptions } from '../src/index.ts'

const restServer: ExpectedTraits = {
  rewriting: 'refused',
  repeating: 'refused',
  removing: 'everything',
  absence: 'silent',
}

/** One server for a suite, one repository for each test. */
function describeServer(
  name: string,
  expected: ExpectedTraits,
  start: (dataDir: string, certificates: TestCertificates) => Promise<RunningServer>,
  options: (certificates: TestCertificates) => Promise<Partial<RestBackendOptions>>,
  prefix = '',
): void {
  describe(`${name} as the server`, () => {
    let folder = ''
    let server: RunningServer | undefined
    let more: Partial<RestBackendOptions> = {}
    let repositories = 0
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'rest-backend-'))
      const certificates = await selfSignedCertificate(folder)
      server = await start(join(folder, 'data'), certificates)
      more = await options(certificates)
    })
    afterAll(async () => {
      await server?.stop()
      await rm(folder, { recursive: true, force: true })
    })

    async function create(): Promise<BackendUnderTest> {
      const repository = `${prefix}repository-${repositories++}`
      const root = join(folder, 'data', repository)
      return {
        backend: restBackend({ url: `rest:${server?.url}${repository}`, ...more }),
        cleanup: async () => {},
        plant: async (path, content) => {
          await mkdir(dirname(join(root, path)), { recursive: true })
          await writeFile(join(root, path), content)
        },
      }
    }
    describeBackend('restBackend', create, expected)
  })
}

describeServer(
  'rest-server',
  restServer,
  (dataDir) => startRestServer({ dataDir }),
  async () => ({}),
)

describeServer(
  'rest-server that only appends',
  { ...restServer, removing: 'locks' },
  (dataDir) => startRestServer({ dataDir, appendOnly: true }),
  async () => ({}),
)

describeServer(
  'rest-server with private repositories over TLS',
  restServer,
  (dataDir, tls) =>
    startRestServer({ dataDir, tls, privateRepos: true, htpasswd: { 'jo@home': 'pässwort:%&' } }),
  async (tls) => ({
    credentials: { user: 'jo@home', password: 'pässwort:%&' },
    tls: { ca: await readFile(tls.ca) },
  }),
  'jo@home/',
)

describeServer(
  'rest-server on a unix socket',
  restServer,
  (dataDir) => startRestServer({ dataDir, unixSocket: join(dirname(dataDir), 'socket') }),
  async () => ({}),
)

describeServer(
  'rclone',
  { rewriting: 'replaces', repeating: 'accepted', removing: 'everything', absence: 'told' },
  (dataDir) => startRclone({ dataDir }),
  async () => ({}),
)

describeServer(
  'rclone that wants a client certificate',
  { rewriting: 'replaces', repeating: 'accepted', removing: 'everything', absence: 'told' },
  (dataDir, tls) => startRclone({ dataDir, tls: { ...tls, clientCa: tls.ca } }),
  async (tls) => ({
    tls: {
      ca: await readFile(tls.ca),
      cert: await readFile(tls.clientPem),
      key: await readFile(tls.clientPem),
    },
  }),
)
