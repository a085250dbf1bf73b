import { describe, expect, it } from 'vitest'
import type { CaseResult } from '../measuring/contest.ts'
import { chart } from './chart.ts'
import { resultsSection } from './readme.ts'
import type { Column, Results } from './results.ts'
import { caseTable } from './table.ts'

const MiB = 2 ** 20
const score = (label: string, factor: number) => ({
  label,
  runs: [1, 2, 3].map((n) => ({
    wallMs: 500 * factor * n,
    cpuMs: 600 * factor * n,
    peakBytes: 100 * factor * MiB,
  })),
})
const result = (name: string, at?: number): CaseResult => ({
  name,
  at,
  targets: { wall: 0.4, cpu: 0.6, peak: 2, peakBytes: 40 * MiB },
  ours: score('restic-ts', 0.5),
  restic: score('restic', 1),
})
const column = (node: string, cases: readonly CaseResult[]): Column => ({
  node,
  restic: '0.18.0',
  machine: { processor: 'a processor', cores: 2, memoryBytes: 2 ** 34, system: 'Linux 6' },
  commit: '0123456789',
  measured: '2026-01-02T03:04:05.000Z',
  cases,
})
const bars: Results = {
  question: 'first',
  title: 'First <backup>',
  unit: 'bytes',
  size: 1,
  chart: 'bars',
  columns: {
    '24': column('24.1.0', [result('cold'), result('warm')]),
    '26': column('26.1.0', [result('cold')]),
  },
}
const growing: Results = {
  ...bars,
  question: 'scaling',
  chart: 'growth',
  unit: 'files',
  columns: {
    '24': column('24.1.0', [
      result('few', 1000),
      { ...result('many', 10_000), ours: score('restic-ts', 1) },
    ]),
  },
}

it('prints medians, ratios and targets', () => {
  expect(caseTable(result('cold'))).toBe(`cold
                 wall         CPU peak memory
restic-ts      500 ms      600 ms      50 MiB
restic         1.00 s      1.20 s     100 MiB
ratio            0.50        0.50        0.50
target           0.40        0.60        2.00
peak at most 40 MiB
`)
})

describe('the table of the page', () => {
  it('has a row for each case, with what was missed in bold', () => {
    const rows = resultsSection([bars]).split('\n').slice(2, 4)
    const head = '[First <backup>](questions/first.ts)'
    const missed =
      '0.40 | **0.50** | **0.50** | 0.60 | 0.50 | 0.50 | 2.00, 40 MiB | 0.50, **50 MiB** | 0.50, **50 MiB**'
    const once = '0.40 | **0.50** |  | 0.60 | 0.50 |  | 2.00, 40 MiB | 0.50, **50 MiB** | '
    expect(rows).toEqual([`| ${head}, cold | ${missed} |`, `| ${head}, warm | ${once} |`])
  })

  it('says what one more file costs', () => {
    // 500 ms and 50 MiB more for 9,000 files more.
    expect(resultsSection([growing])).toContain('costs us 55.6 µs and 5825 bytes of memory')
  })

  it('says where and when', () => {
    const where = 'commit 0123456789: Node 24.1.0, restic 0.18.0, 2 × a processor, 16 GiB, Linux 6'
    expect(resultsSection([bars])).toContain(`- 2026-01-02, ${where}`)
  })
})

describe('a chart', () => {
  it.each([bars, growing])('is made of finite numbers and escaped text: $chart', (results) => {
    const svg = chart(results)
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
    expect(svg).toContain('First &lt;backup>')
    expect(svg).toContain('prefers-color-scheme: dark')
    expect(svg).toContain('restic 0.18.0')
  })

  it('draws bars as long as their medians', () => {
    const widths = [
      ...chart(bars).matchAll(/<rect [^>]*width="([\d.]+)"[^>]*class="(ours|restic)"/g),
    ]
    const [ours, restic] = ['ours', 'restic'].map((kind) =>
      Number(widths.find((match) => match[2] === kind)?.[1]),
    )
    expect((ours ?? 0) / (restic ?? 0)).toBeCloseTo(0.5, 2)
  })
})
