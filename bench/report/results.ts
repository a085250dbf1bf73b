/** `results/<question>.json`: the last answer of a question, a column for each Node. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CaseResult } from '../measuring/contest.ts'
import type { Question } from '../question.ts'
import type { NodeMajor } from '../stage/programs.ts'
import { benchFolder } from '../stage/stage.ts'

const run = promisify(execFile)

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly system: string
}

/** What was measured in one run of the program. */
export interface Column {
  readonly node: string
  readonly restic: string
  readonly machine: Machine
  /** of this project; with `+` when the tree had changes that were not committed */
  readonly commit: string
  readonly measured: string
  readonly cases: readonly CaseResult[]
}

export interface Results {
  readonly question: string
  readonly title: string
  readonly unit: Question['unit']
  readonly size: number
  readonly chart: Question['chart']
  readonly columns: Readonly<Partial<Record<NodeMajor, Column>>>
}

/** Checked in. */
export const keptFolder: string = join(import.meta.dirname, '..', 'results')
/** For runs of another size, which answer another question. */
export const passingFolder: string = join(benchFolder, 'results')

/** undefined when the question was never answered. */
export async function readResults(folder: string, name: string): Promise<Results | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as Results
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Replaces one column, or all when the others are of another size. */
export async function keepColumn(
  folder: string,
  {
    name,
    question,
    size,
  }: { readonly name: string; readonly question: Question; readonly size: number },
  major: NodeMajor,
  column: Column,
): Promise<Results> {
  const before = await readResults(folder, name)
  const others = before?.size === size ? before.columns : {}
  const { title, unit, chart } = question
  const columns = { ...others, [major]: column }
  const results: Results = { question: name, title, unit, size, chart, columns }
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(results, undefined, 2)}\n`)
  return results
}

export async function describeCommit(): Promise<string> {
  const cwd = import.meta.dirname
  const { stdout: commit } = await run('git', ['rev-parse', '--short=10', 'HEAD'], { cwd })
  const changes = ['status', '--porcelain', '--untracked-files=no', '--', ':/packages', ':/tools']
  const { stdout: changed } = await run('git', changes, { cwd })
  return `${commit.trim()}${changed === '' ? '' : '+'}`
}

export function describeMachine(): Machine {
  const processors = cpus()
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
  }
}
