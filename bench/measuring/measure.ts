/** One command, run to its end, and what the operating system says it cost. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { nodePrograms } from '../stage/programs.ts'
import type { Usage } from './rusage.ts'

export type { Usage } from './rusage.ts'

export interface Command {
  /** Absolute, so that no search on PATH is measured. */
  readonly program: string
  readonly args: readonly string[]
  /** All of it: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string | undefined
}

export interface Run extends Usage {
  readonly stdout: string
}

/** @throws Error with what the command printed, when it did not end with exit code 0 */
export async function measure(command: Command): Promise<Run> {
  const { program, args, env, cwd } = command
  const wrapper = join(import.meta.dirname, 'rusage.ts')
  const child = spawn(
    nodePrograms['26'],
    ['--disable-warning=ExperimentalWarning', wrapper, program, ...args],
    { cwd, env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
  )
  const closed = once(child, 'close')
  const [stdout, stderr, usage] = await Promise.all([
    textOf(child, 1),
    textOf(child, 2),
    textOf(child, 3),
  ])
  const [code] = await closed
  if (code !== 0) {
    const what = [program, ...args].join(' ')
    throw new Error(`exit code ${String(code)}: ${what}\n${stdout}${stderr}`)
  }
  return { stdout, ...(JSON.parse(usage) as Usage) }
}

function textOf(child: ChildProcess, descriptor: 1 | 2 | 3): Promise<string> {
  return text(child.stdio[descriptor] as Readable)
}
