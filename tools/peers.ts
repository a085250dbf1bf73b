/**
 * The real programs our tests measure us by: two releases of restic, rclone and restic's REST server.
 *
 * A peer comes from, in this order: its environment variable, `.peers/bin`, PATH (when the version
 * is the wanted one), Debian. What comes from Debian is fetched by apt under a configuration of its
 * own below `.peers/`, so nothing of the machine changes, and apt checks the signatures.
 */
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { debianSources, type AptSource } from './apt-sources.ts'

const run = promisify(execFile)
const folder = join(import.meta.dirname, '..', '.peers')

/** Absolute paths of programs whose versions were checked when they were taken. */
export interface Peers {
  readonly restic014: string
  readonly restic018: string
  readonly rclone: string
  readonly restServer: string
}

interface PeerWanted {
  readonly key: keyof Peers
  readonly version: string
  /** Names the program may have on PATH. The first one is Debian's. */
  readonly programs: readonly [string, ...string[]]
  readonly versionArgument: string
  /** An absolute path in this environment variable comes before everything else. */
  readonly variable: string
  readonly debian: { readonly suite: Suite; readonly package: string }
}

type Suite = 'bookworm' | 'trixie'

export const wantedPeers: readonly PeerWanted[] = [
  {
    key: 'restic014',
    version: '0.14.0',
    programs: ['restic'],
    versionArgument: 'version',
    variable: 'RESTIC_014',
    debian: { suite: 'bookworm', package: 'restic' },
  },
  {
    key: 'restic018',
    version: '0.18.0',
    programs: ['restic'],
    versionArgument: 'version',
    variable: 'RESTIC_018',
    debian: { suite: 'trixie', package: 'restic' },
  },
  {
    key: 'rclone',
    version: '1.60.1',
    programs: ['rclone'],
    versionArgument: 'version',
    variable: 'RCLONE',
    debian: { suite: 'bookworm', package: 'rclone' },
  },
  {
    key: 'restServer',
    version: '0.13.0',
    programs: ['restic-rest-server', 'rest-server'],
    versionArgument: '--version',
    variable: 'REST_SERVER',
    debian: { suite: 'trixie', package: 'restic-rest-server' },
  },
]

/**
 * Every peer, fetched when it is not here yet. Two callers at once both end well: each program is
 * put in its place by one rename, and the second rename replaces it by the same program.
 * @throws Error that names the missing peers and what to do. It never returns fewer.
 */
export async function peers(): Promise<Peers> {
  const found = new Map<keyof Peers, string>()
  await Promise.all(
    wantedPeers.map(async (peer) => {
      const path = await peerHere(peer)
      if (path !== undefined) found.set(peer.key, path)
    }),
  )
  const missing = wantedPeers.filter((peer) => !found.has(peer.key))
  if (missing.length > 0) {
    await fetchFromDebian(missing)
    for (const peer of missing) found.set(peer.key, placeOf(peer))
  }
  const path = (key: keyof Peers) => {
    const value = found.get(key)
    if (value === undefined) throw new Error(`peer ${key} is not in the table of wanted peers`)
    return value
  }
  return {
    restic014: path('restic014'),
    restic018: path('restic018'),
    rclone: path('rclone'),
    restServer: path('restServer'),
  }
}

/** The version a program says it has, or undefined when it says none. */
export async function versionOf(
  program: string,
  versionArgument: string,
): Promise<string | undefined> {
  const { stdout, stderr } = await run(program, [versionArgument], { timeout: 30_000 })
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0]
}

async function peerHere(peer: PeerWanted): Promise<string | undefined> {
  const named = process.env[peer.variable]
  if (named !== undefined && named !== '') {
    const version = await versionOf(named, peer.versionArgument)
    if (version === peer.version) return named
    throw new Error(`${peer.variable}=${named} is version ${version}, not ${peer.version}`)
  }
  if (await isProgram(placeOf(peer))) return placeOf(peer)
  return peerOnPath(peer)
}

async function peerOnPath(peer: PeerWanted): Promise<string | undefined> {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of peer.programs) {
      const path = join(directory, name)
      if (!directory.startsWith('/') || !(await isProgram(path))) continue
      // A program on PATH that does not even start is not ours to report: it is just not the peer.
      const version = await versionOf(path, peer.versionArgument).catch(() => undefined)
      if (version === peer.version) return path
    }
  }
  return undefined
}

function placeOf(peer: PeerWanted): string {
  return join(folder, 'bin', `${peer.programs[0]}-${peer.version}`)
}

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

// ---- Debian

async function fetchFromDebian(missing: readonly PeerWanted[]): Promise<void> {
  const names = missing.map((peer) => `${peer.programs[0]} ${peer.version}`).join(', ')
  const advice = missing.map((peer) => `${peer.variable}=/path/to/it`).join(' ')
  await mkdir(join(folder, 'bin'), { recursive: true })
  const work = await mkdtemp(join(folder, 'fetch-'))
  process.stderr.write(`peers: fetching ${names} from Debian\n`)
  try {
    await needPrograms('apt-get', 'dpkg')
    const sources = await debianSources()
    if (sources.length === 0) {
      throw new Error('/etc/apt names no Debian archive (a source of a Debian suite with main)')
    }
    for (const suite of ['bookworm', 'trixie'] as const) {
      const wanted = missing.filter((peer) => peer.debian.suite === suite)
      if (wanted.length > 0) await fetchSuite(suite, wanted, sources, work)
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(
      `peers missing: ${names}.\nThey could not be fetched from Debian: ${why}\n` +
        `Put these versions on PATH, or name them: ${advice}`,
      { cause: error },
    )
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function fetchSuite(
  suite: Suite,
  wanted: readonly PeerWanted[],
  sources: readonly AptSource[],
  work: string,
): Promise<void> {
  // A keyring older than trixie cannot check trixie, but bookworm, which it can check, carries a
  // keyring package with the keys of both. So trust goes from the machine to bookworm to trixie.
  const keyring = suite === 'trixie' ? await keyringOfBookworm(sources, work) : undefined
  const packages = wanted.map((peer) => peer.debian.package)
  const unpacked = await unpackFromSuite(suite, packages, sources, work, keyring)
  for (const peer of wanted) {
    const program = join(unpacked, 'usr', 'bin', peer.programs[0])
    const version = await versionOf(program, peer.versionArgument)
    if (version !== peer.version) {
      throw new Error(`${suite} has ${peer.programs[0]} ${version}, not ${peer.version}`)
    }
    const beside = join(work, peer.key)
    await copyFile(program, beside)
    await rename(beside, placeOf(peer))
  }
}

async function keyringOfBookworm(sources: readonly AptSource[], work: string): Promise<string> {
  const unpacked = await unpackFromSuite('bookworm', ['debian-archive-keyring'], sources, work)
  return join(unpacked, 'usr', 'share', 'keyrings', 'debian-archive-keyring.gpg')
}

/** Returns the folder into which the packages were unpacked, below `work`. */
async function unpackFromSuite(
  suite: Suite,
  packages: readonly string[],
  sources: readonly AptSource[],
  work: string,
  keyring?: string,
): Promise<string> {
  const home = await mkdtemp(join(work, `${suite}-`))
  const unpacked = join(home, 'unpacked')
  const downloads = join(home, 'downloads')
  await mkdir(unpacked)
  await mkdir(downloads)
  const configuration = await writeAptConfiguration(home, suite, sources, keyring)
  // One dead source among several must not stop the others, so a failed update is only told when
  // the download fails as well. apt refuses a package whose list it could not authenticate.
  const updateFailure = await apt(configuration, ['update'], home).then(
    () => '',
    (error: unknown) => `${messageOf(error)}\n`,
  )
  try {
    await apt(configuration, ['download', ...packages], downloads)
  } catch (error) {
    throw new Error(updateFailure + messageOf(error), { cause: error })
  }
  for (const name of await readdir(downloads)) {
    if (name.endsWith('.deb')) await run('dpkg', ['-x', join(downloads, name), unpacked])
  }
  return unpacked
}

/** Keeps the machine's proxies, credentials and retries; replaces sources, state, cache and hooks. */
async function writeAptConfiguration(
  home: string,
  suite: Suite,
  sources: readonly AptSource[],
  keyring: string | undefined,
): Promise<string> {
  await mkdir(join(home, 'state', 'lists', 'partial'), { recursive: true })
  await mkdir(join(home, 'cache', 'archives', 'partial'), { recursive: true })
  await writeFile(join(home, 'status'), '')
  const stanzas = await Promise.all(sources.map((source) => source.stanzaFor(suite, keyring)))
  await writeFile(join(home, 'peers.sources'), stanzas.join('\n'))
  const configuration = join(home, 'apt.conf')
  const lines = [
    '#clear APT::Update::Pre-Invoke;',
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    `Dir::Etc::SourceList "${join(home, 'peers.sources')}";`,
    'Dir::Etc::SourceParts "/dev/null";',
    'Dir::Etc::Preferences "/dev/null";',
    'Dir::Etc::PreferencesParts "/dev/null";',
    `Dir::State "${join(home, 'state')}";`,
    `Dir::State::Status "${join(home, 'status')}";`,
    `Dir::Cache "${join(home, 'cache')}";`,
    'Acquire::Languages "none";',
    'Acquire::Retries "3";',
    'APT::Update::Error-Mode "any";',
    // apt's own unprivileged user may not write below our folder.
    'APT::Sandbox::User "";',
  ]
  await writeFile(configuration, `${lines.join('\n')}\n`)
  return configuration
}

async function apt(configuration: string, args: readonly string[], cwd: string): Promise<void> {
  await run('apt-get', ['-q', '-y', '-c', configuration, ...args], {
    cwd,
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 64 * 1024 * 1024,
  })
}

async function needPrograms(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await run(name, ['--version']).catch((error: unknown) => {
      throw new Error(`${name} is needed and does not run here (it is part of Debian)`, {
        cause: error,
      })
    })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error)
}

async function printTable(): Promise<void> {
  const paths = await peers()
  for (const { key, programs, version } of wantedPeers) {
    process.stdout.write(`${programs[0].padEnd(20)}${version.padEnd(9)}${paths[key]}\n`)
  }
}

if (import.meta.main) {
  await printTable().catch((error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exitCode = 1
  })
}
