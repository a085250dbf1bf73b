/** Time and memory over the size of the input, both axes logarithmic. */
import { type Metric, medianOf, metrics } from '../measuring/contest.ts'
import type { Results } from './results.ts'
import { Drawing, type Fill, type Point, type Rectangle } from './svg.ts'
import { formatMetric } from './table.ts'

interface Series {
  readonly label: string
  readonly fill: Fill
  /** size of the input and what was measured there */
  readonly values: readonly Point[]
}

const panelTitles = { wall: 'wall time', cpu: 'CPU time', peak: 'peak memory' }
const panel = { width: 180, height: 200, left: 66, top: 84, gap: 72 }
const width = panel.left + 3 * panel.width + 2 * panel.gap + 24
const height = panel.top + panel.height + 40

/** Of an axis: what one tick is to the next, and one tick that counts as 1. */
const decades = [10, 1] as const
const doublings = [2, 2 ** 20] as const

export function growthChart(results: Results): string {
  const drawing = new Drawing(width, height, results.title)
  drawing.text(16, 26, results.title, 'title')
  for (const [index, { label, fill }] of seriesOf(results, metrics[0]).entries()) {
    drawing.dot(22 + index * 170, 46, 5, fill)
    drawing.text(32 + index * 170, 50, label, 'label')
  }
  for (const [index, metric] of metrics.entries()) {
    const x = panel.left + index * (panel.width + panel.gap)
    const frame = { x, y: panel.top, width: panel.width, height: panel.height }
    drawing.text(x, panel.top - 8, panelTitles[metric.key], 'quiet')
    drawGrowth(drawing, frame, seriesOf(results, metric), metric)
  }
  drawing.text(width - 24, height - 8, results.unit, 'quiet', 'end')
  return drawing.svg()
}

function drawGrowth(
  drawing: Drawing,
  frame: Rectangle,
  series: readonly Series[],
  metric: Metric,
): void {
  const points = series.flatMap(({ values }) => values)
  const toX = logScale(
    points.map(({ x }) => x),
    decades,
    [frame.x, frame.x + frame.width],
  )
  const toY = logScale(
    points.map(({ y }) => y),
    metric.key === 'peak' ? doublings : decades,
    [frame.y + frame.height, frame.y],
  )
  for (const value of toY.ticks) {
    const y = toY.place(value)
    drawing.gridLine({ x: frame.x, y }, { x: frame.x + frame.width, y })
    drawing.text(frame.x - 4, y + 4, formatMetric(metric, value), 'quiet', 'end')
  }
  for (const value of toX.ticks) {
    drawing.text(toX.place(value), frame.y + frame.height + 16, count(value), 'quiet', 'middle')
  }
  for (const { values, fill } of series) {
    const placed = values.map(({ x, y }) => ({ x: toX.place(x), y: toY.place(y) }))
    drawing.line(placed, fill)
    for (const { x, y } of placed) drawing.dot(x, y, 3, fill)
  }
}

interface LogScale {
  readonly ticks: readonly number[]
  readonly place: (value: number) => number
}

/** From the last tick below all values to the first one above. */
function logScale(
  values: readonly number[],
  [step, unit]: readonly [step: number, unit: number],
  [from, to]: readonly [from: number, to: number],
): LogScale {
  const powerOf = (value: number) => Math.log(value / unit) / Math.log(step)
  // A value on a tick is that tick, whatever the logarithm's last digit says.
  const low = Math.floor(powerOf(Math.min(...values)) + 1e-9)
  const high = Math.max(low + 1, Math.ceil(powerOf(Math.max(...values)) - 1e-9))
  return {
    ticks: Array.from({ length: high - low + 1 }, (_, index) => unit * step ** (low + index)),
    place: (value) => from + ((powerOf(value) - low) / (high - low)) * (to - from),
  }
}

/** The sides of each column; restic's of the last one stands for all. */
function seriesOf(results: Results, metric: Metric | undefined): Series[] {
  if (metric === undefined) return []
  const columns = Object.values(results.columns)
  const ours = columns.map(({ node, cases }, index): Series => {
    const label = `${cases[0]?.ours.label ?? 'ours'}, Node ${node.split('.')[0]}`
    const values = cases.map(({ at = 0, ours: score }) => ({ x: at, y: medianOf(score, metric) }))
    return { label, fill: index === 0 ? 'ours' : 'other-node', values }
  })
  const last = columns.at(-1)
  if (last === undefined) return ours
  const values = last.cases.map(({ at = 0, restic }) => ({ x: at, y: medianOf(restic, metric) }))
  return [...ours, { label: `restic ${last.restic}`, fill: 'restic', values }]
}

function count(value: number): string {
  return value.toLocaleString('en', { notation: 'compact' })
}
