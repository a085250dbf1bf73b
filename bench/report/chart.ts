/** The SVG chart of a question's results. Its colours follow the reader's: light or dark. */
import { type Metric, type Score, medianOf, metrics } from '../measuring/contest.ts'
import { growthChart } from './growth-chart.ts'
import type { Column, Results } from './results.ts'
import { Drawing } from './svg.ts'
import { formatMetric } from './table.ts'

export function chart(results: Results): string {
  return results.chart === 'growth' ? growthChart(results) : barChart(results)
}

interface Row {
  readonly label: string
  readonly kind: 'ours' | 'other-node' | 'restic'
  readonly score: Score
}

const width = 760
const panelTitles = { wall: 'wall time', cpu: 'CPU time', peak: 'peak memory' }
const left = 190
const panelWidth = 170
const panelGap = 20
const rowHeight = 22

/** For each case three panels: a bar is the median, a dot on it one run. */
function barChart(results: Results): string {
  const cases = casesOf(results)
  const rowCount = cases.reduce((sum, { rows }) => sum + rows.length, 0)
  const height = 74 + rowCount * rowHeight + cases.length * 26
  const drawing = new Drawing(width, height, results.title)
  drawing.text(16, 26, results.title, 'title')
  for (const [panel, { key }] of metrics.entries()) {
    drawing.text(left + panel * (panelWidth + panelGap), 52, panelTitles[key], 'quiet')
  }
  let top = 62
  for (const { name, rows } of cases) {
    if (name !== '') {
      drawing.text(16, top + 14, name, 'quiet')
      top += 20
    }
    for (const [panel, metric] of metrics.entries()) {
      drawPanel(drawing, rows, metric, { x: left + panel * (panelWidth + panelGap), top })
    }
    for (const [index, { label }] of rows.entries()) {
      drawing.text(left - 8, top + index * rowHeight + 15, label, 'label', 'end')
    }
    top += rows.length * rowHeight + 6
  }
  return drawing.svg()
}

function drawPanel(
  drawing: Drawing,
  rows: readonly Row[],
  metric: Metric,
  { x, top }: { readonly x: number; readonly top: number },
): void {
  const values = rows.flatMap(({ score }) => score.runs.map((usage) => metric.of(usage)))
  // Room for the number behind the longest bar.
  const scale = (panelWidth - 56) / Math.max(...values)
  for (const [index, { kind, score }] of rows.entries()) {
    const y = top + index * rowHeight
    const middle = medianOf(score, metric)
    drawing.bar({ x, y: y + 4, width: middle * scale, height: rowHeight - 8 }, kind)
    for (const usage of score.runs) {
      drawing.dot(x + metric.of(usage) * scale, y + rowHeight / 2, 2)
    }
    const furthest = Math.max(middle, ...score.runs.map((usage) => metric.of(usage)))
    drawing.text(x + furthest * scale + 6, y + 15, formatMetric(metric, middle), 'label')
  }
}

function casesOf(results: Results): { readonly name: string; readonly rows: readonly Row[] }[] {
  const columns = Object.values(results.columns)
  const names = [...new Set(columns.flatMap(({ cases }) => cases.map(({ name }) => name)))]
  return names.map((name) => ({ name, rows: rowsOf(columns, name) }))
}

/** restic ran once for each column; the last column's runs stand for it. */
function rowsOf(columns: readonly Column[], name: string): Row[] {
  const rows: Row[] = []
  let restic: Row | undefined
  for (const [index, { node, restic: version, cases }] of columns.entries()) {
    const found = cases.find((each) => each.name === name)
    if (found === undefined) continue
    const kind = index === 0 ? 'ours' : 'other-node'
    rows.push({
      label: `${shortLabel(found.ours.label)}, Node ${node.split('.')[0]}`,
      kind,
      score: found.ours,
    })
    restic = {
      label: `${shortLabel(found.restic.label)} ${version}`,
      kind: 'restic',
      score: found.restic,
    }
  }
  return restic === undefined ? rows : [...rows, restic]
}

/** A command's first two words: its options are in the title. */
function shortLabel(label: string): string {
  return label.split(' ').slice(0, 2).join(' ')
}
