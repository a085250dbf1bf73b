/** The table and the charts in README.md, made from the results that are kept. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CaseResult, type Metric, medianOf, metrics, ratio } from '../measuring/contest.ts'
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
  const lines = [
    '| question | Node | wall | CPU | peak memory | ours | restic |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...results.flatMap((each) => (each.chart === 'bars' ? tableRows(each) : [])),
    '',
    ...results.map(({ question, title }) => `![${title}](results/${question}.svg)`),
    '',
    ...new Set(results.flatMap(({ columns }) => Object.values(columns).map(provenance))),
  ]
  return `${lines.join('\n')}\n`
}

function tableRows({ question, title, columns }: Results): string[] {
  const majors = Object.keys(columns) as NodeMajor[]
  return majors.flatMap((major) =>
    (columns[major]?.cases ?? []).map((each) => {
      const what = each.name === '' ? title : `${title}, ${each.name}`
      const ratios = metrics.map((metric) => ratioCell(each, metric))
      const sides = [each.ours, each.restic].map((score) => seconds(medianOf(score, wall)))
      const cells = [`${what}<br>\`pnpm bench ${question}\``, major, ...ratios, ...sides]
      return `| ${cells.join(' | ')} |`
    }),
  )
}

const wall: Metric = { key: 'wall', of: (usage) => usage.wallMs }

/** `0.52 ≤ 0.67`, or bold with the sign turned when the target is missed. */
function ratioCell(result: CaseResult, metric: Metric): string {
  const value = ratio(result, metric)
  const limit = result.targets[metric.key]
  const size = metric.key === 'peak' ? ` (${formatBytes(medianOf(result.ours, metric))})` : ''
  if (limit === undefined) return value.toFixed(2) + size
  const { peakBytes = Number.POSITIVE_INFINITY } = result.targets
  const isTooLarge = metric.key === 'peak' && medianOf(result.ours, metric) > peakBytes
  return value <= limit && !isTooLarge
    ? `${value.toFixed(2)} ≤ ${limit}${size}`
    : `**${value.toFixed(2)} > ${limit}**${size}`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 1000 ? 3 : 2)} s`
}

function provenance({ node, restic, machine, commit, measured }: Column): string {
  const { processor, cores, memoryBytes, system } = machine
  const memory = `${Math.round(memoryBytes / 2 ** 30)} GiB`
  return `- ${measured.slice(0, 10)}, commit ${commit}: Node ${node}, restic ${restic}, ${cores} × ${processor}, ${memory}, ${system}`
}
