/** Numbers as people read them, and the table that a run prints. */
import {
  type CaseResult,
  type Metric,
  type Score,
  medianOf,
  metrics,
  ratio,
} from '../measuring/contest.ts'
import type { Usage } from '../measuring/measure.ts'

/** Of times below a second in milliseconds, else in seconds with three digits. */
function formatMs(ms: number): string {
  return ms < 1000 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toPrecision(3)} s`
}

export function formatBytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}

export function formatMetric(metric: Metric, value: number): string {
  return metric.key === 'peak' ? formatBytes(value) : formatMs(value)
}

export function formatUsage(usage: Usage): string {
  return metrics.map((metric) => formatMetric(metric, metric.of(usage)).padStart(8)).join('  ')
}

const heading = { wall: 'wall', cpu: 'CPU', peak: 'peak memory' }

/**
 * Medians of both sides, their ratio and its target:
 *
 *                    wall      CPU  peak memory
 *     restic-ts    1.20 s   1.80 s     210 MiB
 *     restic       2.10 s   2.90 s     180 MiB
 *     ratio          0.57     0.62        1.17
 *     target         0.67     0.75        2.00
 */
export function caseTable(result: CaseResult): string {
  const cells = [
    ['', ...metrics.map(({ key }) => heading[key])],
    scoreRow(result.ours),
    scoreRow(result.restic),
    ['ratio', ...metrics.map((metric) => ratio(result, metric).toFixed(2))],
    ['target', ...metrics.map(({ key }) => result.targets[key]?.toFixed(2) ?? '')],
  ]
  const width = Math.max(...cells.map(([label = '']) => label.length))
  const lines = cells.map(([label = '', ...values]) =>
    [label.padEnd(width), ...values.map((value) => value.padStart(12))].join('').trimEnd(),
  )
  const { peakBytes } = result.targets
  if (peakBytes !== undefined) lines.push(`peak at most ${formatBytes(peakBytes)}`)
  return `${result.name === '' ? '' : `${result.name}\n`}${lines.join('\n')}\n`
}

function scoreRow(score: Score): string[] {
  return [score.label, ...metrics.map((metric) => formatMetric(metric, medianOf(score, metric)))]
}
