/** The programs that are measured, and how each is called. */
import { execFile } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
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

/** One of the two programs `pnpm build` makes, as users run it. */
export async function ourProgram(
  name: 'restic-ts' | 'instance-sync',
  major: NodeMajor,
): Promise<Program> {
  const file = join(root, 'packages/cli/dist', `${name}.mjs`)
  const node = nodePrograms[major]
  const version = (await versionOf(node, '--version')) ?? ''
  return { label: name, version, command: callOf(node, [file]) }
}

/** @throws Error that says what to do */
export function needBuild(): void {
  for (const name of ['restic-ts', 'instance-sync']) {
    const file = join(root, 'packages/cli/dist', `${name}.mjs`)
    if (!existsSync(file)) throw new Error(`${file} is not there: run \`pnpm build\` first`)
  }
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
