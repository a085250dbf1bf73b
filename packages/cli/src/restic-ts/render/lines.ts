import { nameToBytes } from 'restic-core/format'
import type { Screen } from '../../shared/screen.ts'

/** Enough that a million lines do not make a million writes. */
const batchLength = 64 * 1024

/**
 * Many lines of data for standard output. Bytes of names that are no text are written as they are;
 * on a terminal control characters are shown as `?`, since a name may hold an escape sequence.
 */
export class LineOutput {
  readonly #screen: Screen
  #batch = ''

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** A promise when it is time to wait for the reader. */
  add(line: string): Promise<void> | undefined {
    const shown = this.#screen.isTerminal ? line.replaceAll(/\p{Cc}/gu, '?') : line
    this.#batch += `${shown}\n`
    return this.#batch.length < batchLength ? undefined : this.flush()
  }

  async flush(): Promise<void> {
    const batch = this.#batch
    this.#batch = ''
    if (batch !== '') await this.#screen.write(nameToBytes(batch))
  }
}
