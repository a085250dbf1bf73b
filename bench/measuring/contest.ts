/** Two commands that do the same work, run in turns. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Command, type Run, type Usage, measure } from './measure.ts'

export interface Side {
  /** What people read: `restic-ts`, `restic snapshots --latest 1`. */
  readonly label: string
  /** Makes everything ready, and is not measured. Called before each run. */
  ready(): Promise<Command>
  /** Checks and cleans up, and is not measured. Called after each run. */
  done?(run: Run): Promise<void>
}

/** Ratios to restic's that are hoped for. */
export interface Targets {
  readonly wall?: number
  readonly cpu?: number
  readonly peak?: number
  readonly peakBytes?: number
}

export interface Case {
  /** Empty when the question has one case only. */
  readonly name: string
  /** Where it stands on the axis of a question of growth, in the question's unit. */
  readonly at?: number
  readonly targets?: Targets
  readonly ours: Side
  readonly restic: Side
  /** After the last run: throws when the two did not do the same work. */
  readonly verify?: () => Promise<void>
}

export interface Score {
  readonly label: string
  /** In the order they were run. */
  readonly runs: readonly Usage[]
}

export interface CaseResult {
  readonly name: string
  readonly at?: number | undefined
  readonly targets: Targets
  readonly ours: Score
  readonly restic: Score
}

export interface Metric {
  readonly key: 'wall' | 'cpu' | 'peak'
  of(usage: Usage): number
}

export const metrics: readonly Metric[] = [
  { key: 'wall', of: (usage) => usage.wallMs },
  { key: 'cpu', of: (usage) => usage.cpuMs },
  { key: 'peak', of: (usage) => usage.peakBytes },
]

/** Runs ours, restic, ours, restic, so that what the machine does meanwhile meets both. */
export async function play(
  { name, at, targets = {}, ours, restic, verify }: Case,
  pairs: number,
  onRun: (label: string, usage: Usage) => void = () => {},
): Promise<CaseResult> {
  const runs = { ours: [] as Usage[], restic: [] as Usage[] }
  for (let pair = 0; pair < pairs; pair++) {
    for (const key of ['ours', 'restic'] as const) {
      const side = { ours, restic }[key]
      const usage = await playOnce(side)
      runs[key].push(usage)
      onRun(side.label, usage)
    }
  }
  await verify?.()
  return {
    name,
    at,
    targets,
    ours: { label: ours.label, runs: runs.ours },
    restic: { label: restic.label, runs: runs.restic },
  }
}

async function playOnce(side: Side): Promise<Usage> {
  const command = await side.ready()
  await writeBack()
  const run = await measure(command)
  await side.done?.(run)
  const { wallMs, cpuMs, peakBytes } = run
  return { wallMs, cpuMs, peakBytes }
}

/** What the run before left unwritten would be written during the next one, which would pay for it. */
async function writeBack(): Promise<void> {
  await once(spawn('sync', { stdio: 'ignore' }), 'exit')
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export function medianOf(score: Score, metric: Metric): number {
  return median(score.runs.map((usage) => metric.of(usage)))
}

/**
 * Ours to restic's: the median over the pairs of each pair's ratio. The two of a pair ran right
 * after each other, so a machine that slows down in between pairs does not change it.
 */
export function ratio({ ours, restic }: CaseResult, metric: Metric): number {
  return median(
    ours.runs.flatMap((usage, pair) => {
      const other = restic.runs[pair]
      return other === undefined ? [] : [metric.of(usage) / metric.of(other)]
    }),
  )
}
