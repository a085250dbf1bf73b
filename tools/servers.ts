/**
 * Real servers and real restic for tests, each on a loopback port the system chose and each stopped
 * by `await using`. The programs come from `peers()`.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { peers } from './peers.ts'

const run = promisify(execFile)
const startTimeoutMs = 20_000
const stopTimeoutMs = 5_000

export interface RunningServer extends AsyncDisposable {
  /** Ends with a slash and carries no credentials. restic wants `rest:` before it. */
  readonly url: string
  /** Ends the process and waits until it is gone. A second call does nothing. */
  stop(): Promise<void>
  /** What the server printed so far, both streams as they came. */
  logs(): string
}

/** Paths of PEM files. */
interface TlsFiles {
  readonly cert: string
  readonly key: string
}

export interface RestServerOptions {
  readonly dataDir: string
  readonly appendOnly?: boolean
  readonly privateRepos?: boolean
  /** User names and passwords. Without it the server asks for none. */
  readonly htpasswd?: Readonly<Record<string, string>> | undefined
  readonly tls?: TlsFiles
  /** Bytes all repositories together may have. */
  readonly maxSize?: number
  /** Listens on this path instead of a port; the URL is then `http+unix:///path:/`. */
  readonly unixSocket?: string
  readonly extraArgs?: readonly string[]
}

/** restic's own REST server. */
export async function startRestServer(options: RestServerOptions): Promise<RunningServer> {
  const { restServer } = await peers()
  const own = await mkdtemp(join(tmpdir(), 'rest-server-'))
  const { unixSocket, tls } = options
  const listen = unixSocket === undefined ? '127.0.0.1:0' : `unix:${unixSocket}`
  const args = ['--path', options.dataDir, '--listen', listen, '--log', '-']
  if (options.htpasswd === undefined) args.push('--no-auth')
  else args.push('--htpasswd-file', await writeHtpasswd(own, options.htpasswd))
  if (options.appendOnly === true) args.push('--append-only')
  if (options.privateRepos === true) args.push('--private-repos')
  if (options.maxSize !== undefined) args.push('--max-size', String(options.maxSize))
  if (tls !== undefined) args.push('--tls', '--tls-cert', tls.cert, '--tls-key', tls.key)
  args.push(...(options.extraArgs ?? []))
  const cleanUp = () => rm(own, { recursive: true, force: true })
  const server = await startServer(restServer, args, /start server on (\S+)\n/, cleanUp)
  const scheme = tls === undefined ? 'http' : 'https'
  const url =
    unixSocket === undefined ? `${scheme}://${server.found}/` : `${scheme}+unix://${unixSocket}:/`
  return { ...server, url }
}

interface RcloneOptions {
  readonly dataDir: string
  readonly appendOnly?: boolean
  readonly privateRepos?: boolean
  readonly credentials?: { readonly user: string; readonly password: string }
  /** With `clientCa` the server refuses clients without a certificate of that authority. */
  readonly tls?: TlsFiles & { readonly clientCa?: string }
  readonly extraArgs?: readonly string[]
}

/** rclone's implementation of the same protocol, for a plain folder. */
export async function startRclone(options: RcloneOptions): Promise<RunningServer> {
  const { rclone } = await peers()
  const { tls, credentials } = options
  const args = ['serve', 'restic', '--config', '/dev/null', '--addr', '127.0.0.1:0']
  if (options.appendOnly === true) args.push('--append-only')
  if (options.privateRepos === true) args.push('--private-repos')
  if (credentials !== undefined) {
    args.push('--user', credentials.user, '--pass', credentials.password)
  }
  if (tls !== undefined) args.push('--cert', tls.cert, '--key', tls.key)
  if (tls?.clientCa !== undefined) args.push('--client-ca', tls.clientCa)
  args.push(...(options.extraArgs ?? []), options.dataDir)
  const server = await startServer(rclone, args, /REST API on (https?:\S+\/)\n/)
  return { ...server, url: server.found }
}

/** Starts a program and waits for the line in which it names the address it listens on. */
async function startServer(
  program: string,
  args: readonly string[],
  listening: RegExp,
  cleanUp: () => Promise<void> = async () => {},
): Promise<Omit<RunningServer, 'url'> & { readonly found: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnvironment() })
  const killWithUs = () => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  let log = ''
  const exited = exitOf(child)
  const stop = async () => {
    const deadline = setTimeout(killWithUs, stopTimeoutMs)
    child.kill('SIGTERM')
    await exited
    clearTimeout(deadline)
    process.off('exit', killWithUs)
    await cleanUp()
  }
  const address = new Promise<string>((resolve, reject) => {
    const deadline = setTimeout(
      () => reject(new Error(`${program} did not listen in ${startTimeoutMs} ms:\n${log}`)),
      startTimeoutMs,
    )
    let isListening = false
    const read = (text: string) => {
      log += text
      // Once: a server that tells of each request fills megabytes in a long test.
      const found = isListening ? undefined : listening.exec(log)?.[1]
      if (found === undefined) return
      isListening = true
      resolve(found)
    }
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', read)
    void exited.then((how) => reject(new Error(`${program} ended (${how}):\n${log}`)))
    void exited.then(() => clearTimeout(deadline))
  })
  try {
    const found = await address
    return { found, stop, logs: () => log, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Settles, and never rejects, when the process is gone or could not be started at all. */
async function exitOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = await once(child, 'exit')
    return String(signal ?? code)
  } catch (error) {
    return String(error)
  }
}

/** The {SHA} entries of Apache's htpasswd: weak, and enough on loopback. */
async function writeHtpasswd(folder: string, users: Readonly<Record<string, string>>) {
  const lines = Object.entries(users).map(([user, password]) => {
    const digest = createHash('sha1').update(password).digest('base64')
    return `${user}:{SHA}${digest}\n`
  })
  const file = join(folder, 'htpasswd')
  await writeFile(file, lines.join(''))
  return file
}

// ---- certificates

export interface TestCertificates extends TlsFiles {
  /** The authority that signed the server's and the client's certificate. */
  readonly ca: string
  readonly clientCert: string
  readonly clientKey: string
  /** Certificate and key in one file, as restic's `--tls-client-cert` wants it. */
  readonly clientPem: string
}

/**
 * An authority made for the occasion, a server certificate for 127.0.0.1, ::1 and localhost, and a
 * client certificate, written into `folder`. No system trusts the authority.
 * @throws Error when the `openssl` program is not there.
 */
export async function selfSignedCertificate(folder: string): Promise<TestCertificates> {
  const file = (name: string) => join(folder, name)
  const ca = { cert: file('ca.pem'), key: file('ca.key') }
  const server = { cert: file('server.pem'), key: file('server.key') }
  const client = { cert: file('client.pem'), key: file('client.key') }
  const byCa = ['-CA', ca.cert, '-CAkey', ca.key, '-addext', 'basicConstraints=critical,CA:FALSE']
  await makeCertificate(ca, 'test authority', [])
  await makeCertificate(server, 'localhost', [
    ...byCa,
    '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1',
    '-addext',
    'extendedKeyUsage=serverAuth',
  ])
  await makeCertificate(client, 'test client', [...byCa, '-addext', 'extendedKeyUsage=clientAuth'])
  const clientPem = file('client-with-key.pem')
  await writeFile(clientPem, [await readFile(client.cert), await readFile(client.key)])
  return {
    ...server,
    ca: ca.cert,
    clientCert: client.cert,
    clientKey: client.key,
    clientPem,
  }
}

async function makeCertificate(to: TlsFiles, name: string, extra: readonly string[]) {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const out = ['-keyout', to.key, '-out', to.cert, '-days', '3650', '-subj', `/CN=${name}`]
  await run('openssl', ['req', '-x509', ...key, ...out, ...extra])
}

// ---- restic

export interface ResticRun {
  readonly repo: string
  readonly password: string
  /** Added to an environment that is otherwise empty but for PATH, HOME, TZ and restic's own. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Default: a folder that lives as long as the call. */
  readonly cacheDir?: string
  /** What restic reads from its standard input. Default: nothing. */
  readonly input?: string | Uint8Array
  /** An open file that takes its standard output, which is then not in the result. */
  readonly output?: number
  readonly signal?: AbortSignal
}

export interface ResticResult {
  /** The exit code, or 128 and the signal's number when a signal ended it, as a shell counts. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** For `dump` and names that are not UTF-8. */
  readonly stdoutBytes: Uint8Array
}

/** Runs a restic to its end. A failure of restic is a result, only a failure to start rejects. */
export async function runRestic(
  binary: string,
  args: readonly string[],
  options: ResticRun,
): Promise<ResticResult> {
  const own = options.cacheDir === undefined ? await mkdtemp(join(tmpdir(), 'restic-cache-')) : ''
  const cache = options.cacheDir ?? own
  try {
    const child = spawn(binary, args, {
      env: cleanEnvironment({
        RESTIC_REPOSITORY: options.repo,
        RESTIC_PASSWORD: options.password,
        RESTIC_CACHE_DIR: cache,
        HOME: cache,
        ...options.env,
      }),
      cwd: options.cwd,
      signal: options.signal,
      stdio: ['pipe', options.output ?? 'pipe', 'pipe'],
    })
    // restic may end without having read what it was given.
    child.stdin?.on('error', () => {}).end(options.input)
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk))
    const [code, signal] = await once(child, 'close')
    const stdoutBytes = Buffer.concat(stdout)
    return {
      code: typeof code === 'number' ? code : 128 + signalNumber(signal),
      stdout: stdoutBytes.toString(),
      stderr: Buffer.concat(stderr).toString(),
      stdoutBytes,
    }
  } finally {
    if (own !== '') await rm(own, { recursive: true, force: true })
  }
}

function signalNumber(signal: NodeJS.Signals): number {
  return constants.signals[signal]
}

function cleanEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = ['PATH', 'TZ'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { HOME: tmpdir(), ...Object.fromEntries(kept), ...more }
}
