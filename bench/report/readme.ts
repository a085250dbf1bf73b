/** The table and the charts in README.md, made from the results that are kept. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type CaseResult,
  type Metric,
  type Targets,
  medianOf,
  metrics,
  ratio,
} from '../measuring/contest.ts'
import type { NodeMajor } from '../stage/programs.ts'
import { type Column, type Results, keptFolder, readResults } from './results.ts'
import { formatBytes } from './table.ts'

const readme = join(import.meta.dirname, '..', 'README.md')
const start = '<!-- results: written by `pnpm bench`, not by hand -->'
const end = '<!-- end of results -->'

export async function updateReadme(): Promise<void> {
  const text = await readFile(readme, 'utf8')
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${readme} has no place for the results`)
  const results = await allResults()
  const section = `${start}\n\n${resultsSection(results)}\n`
  await writeFile(readme, text.slice(0, from) + section + text.slice(to))
}

async function allResults(): Promise<Results[]> {
  const names = (await readdir(keptFolder)).filter((name) => name.endsWith('.json'))
  const read = names.toSorted().map((name) => readResults(keptFolder, name.replace('.json', '')))
  const results = await Promise.all(read)
  return results.filter((each) => each !== undefined && 'columns' in each)
}

/** Markdown. */
export function resultsSection(results: readonly Results[]): string {
  if (results.length === 0) return 'No results are kept yet.\n'
  const bars = results.filter((each) => each.chart === 'bars')
  const growing = results.filter((each) => each.chart === 'growth')
  const lines = [
    ...(bars.length === 0 ? [] : tableOf(bars)),
    ...growing.flatMap((each) => Object.values(each.columns).map((column) => growth(each, column))),
    ...(growing.length === 0 ? [] : ['']),
    ...results.map(({ question, title }) => `![${title}](results/${question}.svg)`),
    '',
    ...new Set(results.flatMap(({ columns }) => Object.values(columns).map(provenance))),
  ]
  return `${lines.join('\n')}\n`
}

const majors: readonly NodeMajor[] = ['24', '26']

/** For each metric the ratio hoped for, and those on each Node. */
function tableOf(results: readonly Results[]): string[] {
  const columns = metrics.flatMap(({ key }) => [
    `${{ wall: 'wall', cpu: 'CPU', peak: 'peak memory' }[key]} ≤`,
    ...majors.map((major) => `Node ${major}`),
  ])
  return [
    `| work | ${columns.join(' | ')} |`,
    `| --- |${' --- |'.repeat(columns.length)}`,
    ...results.flatMap((each) => caseNames(each).map((name) => tableRow(each, name))),
    '',
  ]
}

function caseNames({ columns }: Results): string[] {
  const cases = Object.values(columns).flatMap((column) => column.cases)
  return [...new Set(cases.map(({ name }) => name))]
}

function tableRow({ question, title, columns }: Results, name: string): string {
  const found = majors.map((major) => columns[major]?.cases.find((each) => each.name === name))
  const targets = found.find((each) => each !== undefined)?.targets ?? {}
  const cells = metrics.flatMap((metric) => [
    targetCell(targets, metric),
    ...found.map((each) => (each === undefined ? '' : ratioCell(each, metric))),
  ])
  const what = `[${title}](questions/${question}.ts)${name === '' ? '' : `, ${name}`}`
  return `| ${what} | ${cells.join(' | ')} |`
}

function targetCell(targets: Targets, { key }: Metric): string {
  const limits = [targets[key]?.toFixed(2)]
  if (key === 'peak' && targets.peakBytes !== undefined) {
    limits.push(formatBytes(targets.peakBytes))
  }
  return limits.filter((limit) => limit !== undefined).join(', ')
}

/** The ratio, and of memory also ours. Bold where the target is missed. */
function ratioCell(result: CaseResult, metric: Metric): string {
  const { key } = metric
  const { peakBytes = Number.POSITIVE_INFINITY, [key]: limit = Number.POSITIVE_INFINITY } =
    result.targets
  const value = ratio(result, metric)
  const cell = value > limit ? `**${value.toFixed(2)}**` : value.toFixed(2)
  if (key !== 'peak') return cell
  const ours = medianOf(result.ours, metric)
  return `${cell}, ${ours > peakBytes ? `**${formatBytes(ours)}**` : formatBytes(ours)}`
}

/** What one more file or blob costs, between the smallest and the largest size. */
function growth({ question, title, unit }: Results, { node, cases }: Column): string {
  const first = cases[0]
  const last = cases.at(-1)
  if (first === undefined || last === undefined || first === last) return `- ${title}`
  const count = (last.at ?? 0) - (first.at ?? 0)
  const cost = (side: 'ours' | 'restic') => {
    const [time, , memory] = metrics.map(
      (metric) => (medianOf(last[side], metric) - medianOf(first[side], metric)) / count,
    )
    return `${((time ?? 0) * 1000).toFixed(1)} µs and ${(memory ?? 0).toFixed(0)} bytes of memory`
  }
  const what = `[${title}](questions/${question}.ts), Node ${node.split('.')[0]}`
  return `- ${what}: each of the ${unit} more costs us ${cost('ours')}, restic ${cost('restic')}.`
}

function provenance({ node, restic, machine, commit, measured }: Column): string {
  const { processor, cores, memoryBytes, system } = machine
  const memory = `${Math.round(memoryBytes / 2 ** 30)} GiB`
  return `- ${measured.slice(0, 10)}, commit ${commit}: Node ${node}, restic ${restic}, ${cores} × ${processor}, ${memory}, ${system}`
}
