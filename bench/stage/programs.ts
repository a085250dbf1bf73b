/** The programs that are measured, and how each is called. */
import { execFile } from 'node:child_process'
import { existsSync, realpathSync, statSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { peers, versionOf } from '../../tools/peers.ts'
import type { Command } from '../measuring/measure.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

export type NodeMajor = '24' | '26'

/** Without the package manager's links, which would cost a little at each start. */
export const nodePrograms: Readonly<Record<NodeMajor, string>> = {
  '24': realpathSync(join(root, 'node_modules/.bin/node')),
  '26': realpathSync(join(root, 'tools/runtimes/node-26/node_modules/.bin/node')),
}

/** Where and how a command finds its repository. */
export interface RepositoryAccess {
  /** as `--repo` takes it */
  readonly location: string
  readonly password: string
  readonly cacheDir: string
}

export interface Program {
  readonly label: string
  readonly version: string
  command(
    args: readonly string[],
    options: { readonly cwd?: string; readonly env: Environment },
  ): Command
}

type Environment = Readonly<Record<string, string>>

/** The environment that restic reads, and restic-ts like it. */
export function resticEnvironment({ location, password, cacheDir }: RepositoryAccess): Environment {
  return { RESTIC_REPOSITORY: location, RESTIC_PASSWORD: password, RESTIC_CACHE_DIR: cacheDir }
}

/** The newest restic here: the one on PATH when it is newer than the one the tests use. */
export async function newestRestic(): Promise<Program> {
  let path = (await peers()).restic018
  let version = (await versionOf(path, 'version')) ?? ''
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const other = join(directory, 'restic')
    if (!directory.startsWith('/') || !existsSync(other)) continue
    const found = (await versionOf(other, 'version').catch(() => undefined)) ?? ''
    if (found.localeCompare(version, 'en', { numeric: true }) > 0) [path, version] = [other, found]
  }
  return { label: 'restic', version, command: callOf(path, []) }
}

type OurName = 'restic-ts' | 'instance-sync'

function builtProgram(name: OurName): string {
  return join(root, 'packages/cli/dist', `${name}.mjs`)
}

/**
 * One of the two programs `pnpm build` makes, as users run it. Asking it for a command throws when
 * it has not been built.
 */
export async function ourProgram(name: OurName, major: NodeMajor): Promise<Program> {
  const file = builtProgram(name)
  const node = nodePrograms[major]
  const version = (await versionOf(node, '--version')) ?? ''
  const call = callOf(node, [file])
  const command: Program['command'] = (args, options) => {
    if (!existsSync(file)) throw new Error(`${file} is not there: run \`pnpm build\` first`)
    return call(args, options)
  }
  return { label: name, version, command }
}

/** Whether a source of a package changed after the programs were built. */
export async function isBuildStale(): Promise<boolean> {
  const built = modifiedMs(builtProgram('restic-ts'))
  for await (const file of glob('packages/*/src/**/*.ts', { cwd: root })) {
    if (!file.endsWith('.test.ts') && modifiedMs(join(root, file)) > built) return true
  }
  return false
}

function modifiedMs(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function callOf(program: string, before: readonly string[]): Program['command'] {
  return (args, { cwd, env }) => ({
    program,
    args: [...before, ...args],
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), ...env },
  })
}

/** Runs a command that is not measured. @throws Error with what it printed */
export async function runUnmeasured({ program, args, env, cwd }: Command): Promise<string> {
  const { stdout } = await run(program, [...args], { env, cwd, maxBuffer: 2 ** 28 })
  return stdout
}
