/**
 * `pnpm bench QUESTION`: lets our command and restic's answer it in turns, prints what each cost,
 * and keeps the numbers and a chart.
 *
 *     pnpm bench [QUESTION…] [--pairs N] [--node 24|26] [--size SIZE] [--control]
 *
 * Without a question it lists them. SIZE counts the question's unit: bytes (64M, 1G: powers of 1024),
 * files or blobs (20k, 1M: powers of 1000). Results of another than the question's own size go
 * below `.bench/`, not to `bench/results/`. With --control restic plays both sides.
 */
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect, parseArgs } from 'node:util'
import { type CaseResult, play } from './measuring/contest.ts'
import type { Question } from './question.ts'
import { chart } from './report/chart.ts'
import { updateReadme } from './report/readme.ts'
import {
  describeCommit,
  describeMachine,
  keepColumn,
  keptFolder,
  passingFolder,
} from './report/results.ts'
import { caseTable, formatUsage } from './report/table.ts'
import { type NodeMajor, isBuildStale } from './stage/programs.ts'
import { Stage } from './stage/stage.ts'

interface Options {
  readonly pairs: number
  readonly node: NodeMajor
  readonly size: string | undefined
  readonly isControl: boolean
}

const questionsFolder = join(import.meta.dirname, 'questions')

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      pairs: { type: 'string', default: '5' },
      node: { type: 'string', default: '24' },
      size: { type: 'string' },
      control: { type: 'boolean', default: false },
    },
  })
  const pairs = Number(values.pairs)
  if (!Number.isSafeInteger(pairs) || pairs < 1)
    throw new UsageError('--pairs is a number, 1 or more')
  if (values.node !== '24' && values.node !== '26') throw new UsageError('--node is 24 or 26')
  const options = {
    pairs,
    node: values.node,
    size: values.size,
    isControl: values.control,
  } as const
  if (positionals.length === 0) await listQuestions()
  for (const name of positionals) await answer(name, options)
}

class UsageError extends Error {}

async function questionNames(): Promise<string[]> {
  const files = await readdir(questionsFolder)
  return files.map((file) => file.replace(/\.ts$/, '')).toSorted()
}

async function load(name: string): Promise<Question> {
  const names = await questionNames()
  if (!names.includes(name)) throw new UsageError(`${name} is none of ${names.join(', ')}`)
  const module = (await import(`./questions/${name}.ts`)) as { readonly question: Question }
  return module.question
}

async function listQuestions(): Promise<void> {
  for (const name of await questionNames()) print(`${name.padEnd(26)}${(await load(name)).title}`)
}

async function answer(
  name: string,
  { pairs, node, size: asked, isControl }: Options,
): Promise<void> {
  const question = await load(name)
  if (isControl && question.hasControl === false) {
    throw new UsageError(`${name}: restic has no command that could play our side`)
  }
  const size = asked === undefined ? question.size : parseSize(asked, question.unit)
  using stage = await Stage.set({ size, node, isControl, onNote: print })
  print(`${question.title}${size === question.size ? '' : `, with ${size} ${question.unit}`}`)
  print(
    `ours on Node ${stage.instanceSync.version}, restic ${stage.restic.version}, ${pairs} pairs`,
  )
  if (!isControl && (await isBuildStale())) {
    print('the sources are newer than the build that is measured: `pnpm build`')
  }
  const cases: CaseResult[] = []
  for await (const each of question.cases(stage)) {
    const result = await play(each, pairs, (label, usage) =>
      print(`  ${label.padEnd(28)}${formatUsage(usage)}`),
    )
    cases.push(result)
    print(`\n${caseTable(result)}`)
  }
  if (isControl) return
  const column = {
    node: stage.ours.version,
    restic: stage.restic.version,
    machine: describeMachine(),
    commit: await describeCommit(),
    measured: new Date().toISOString(),
    cases,
  }
  const folder = size === question.size ? keptFolder : passingFolder
  const results = await keepColumn(folder, { name, question, size }, node, column)
  await writeFile(join(folder, `${name}.svg`), chart(results))
  if (folder === keptFolder) await updateReadme()
  print(`kept in ${join(folder, name)}.json and .svg`)
}

/** @throws UsageError */
function parseSize(text: string, unit: Question['unit']): number {
  const [, digits = '', suffix = ''] = /^(\d+)([kMG]?)$/i.exec(text) ?? []
  const power = ['', 'k', 'm', 'g'].indexOf(suffix.toLowerCase())
  const size = Number(digits) * (unit === 'bytes' ? 1024 : 1000) ** power
  if (digits === '' || !Number.isSafeInteger(size) || size < 1) {
    throw new UsageError(`--size ${text}: a number, with k, M or G behind it if you like`)
  }
  return size
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Servers and the run's folder go when the process exits.
  process.once(signal, () => process.exit(130))
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  const isUsage = error instanceof UsageError
  process.stderr.write(`${isUsage ? error.message : inspect(error)}\n`)
  process.exitCode = isUsage ? 2 : 1
}
