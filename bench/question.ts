import type { Case } from './measuring/contest.ts'
import type { Stage } from './stage/stage.ts'

/** What one file of `questions/` exports as `question`. */
export interface Question {
  /** What is measured, as a heading: `First backup, 1 GiB game instance`. */
  readonly title: string
  /** What `--size` counts. */
  readonly unit: 'bytes' | 'files' | 'blobs'
  /** The size whose results are kept. */
  readonly size: number
  readonly chart: 'bars' | 'growth'
  /** False when restic has no command that could play our side. */
  readonly hasControl?: boolean
  /**
   * One after the other; what a case needs stands until the next one is asked for. A thing that
   * outlives the question belongs to the stage.
   */
  cases(stage: Stage): AsyncIterable<Case>
}
