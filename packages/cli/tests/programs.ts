/** Our program, as it is built, and real restic, called in one way. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buildPrograms } from '../../../tools/build.ts'
import { peers } from '../../../tools/peers.ts'
import { type ResticResult, type ResticRun, runRestic } from '../../../tools/servers.ts'

export interface Program {
  readonly name: string
  /** Runs to the end, whatever that is. */
  run(args: readonly string[], options: ResticRun): Promise<ResticResult>
}

export const programNames = ['ours', 'restic 0.14.0', 'restic 0.18.0'] as const
export type ProgramName = (typeof programNames)[number]
export type Programs = Readonly<Record<ProgramName, Program>>

export interface BuiltProgram extends Program, AsyncDisposable {
  /** Starts it and leaves it running. */
  start(args: readonly string[], options: ResticRun): ChildProcessByStdio<null, Readable, Readable>
}

/** Builds `restic-ts` into a folder of its own, which goes when disposed. */
export async function builtProgram(node: string = process.execPath): Promise<BuiltProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'restic-ts-'))
  const [file = ''] = await buildPrograms(['restic-ts'], folder)
  return {
    name: 'ours',
    run: (args, options) => runRestic(node, [file, ...args], options),
    start: (args, { repo, password, env, cwd }) =>
      spawn(node, [file, ...args], {
        env: {
          PATH: process.env['PATH'],
          HOME: folder,
          RESTIC_REPOSITORY: repo,
          RESTIC_PASSWORD: password,
          ...env,
        },
        cwd,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

export async function allPrograms(): Promise<Programs & AsyncDisposable> {
  const ours = await builtProgram()
  const { restic014, restic018 } = await peers()
  return {
    ours,
    'restic 0.14.0': realRestic('restic 0.14.0', restic014),
    'restic 0.18.0': realRestic('restic 0.18.0', restic018),
    [Symbol.asyncDispose]: () => ours[Symbol.asyncDispose](),
  }
}

function realRestic(name: ProgramName, binary: string): Program {
  return { name, run: (args, options) => runRestic(binary, args, options) }
}

/** Runs and expects success. @throws Error with what the program said */
export async function succeed(
  program: Program,
  args: readonly string[],
  options: ResticRun,
): Promise<ResticResult> {
  const result = await program.run(args, options)
  if (result.code === 0) return result
  throw new Error(
    `${program.name} ${args.join(' ')}: exit code ${result.code}\n${result.stdout}${result.stderr}`,
  )
}

/** The JSON lines that a program printed, of one kind of message or of all. */
export function messages(
  { stdout }: Pick<ResticResult, 'stdout'>,
  type?: string,
): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
  return type === undefined ? found : found.filter((message) => message['message_type'] === type)
}
