/** Where a program writes. A terminal also shows a status below what was printed. */
export interface OutputStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(data: string | Uint8Array, done?: (error?: Error | null) => void): boolean
}

interface ScreenOptions {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
}

const toLineStart = '\r\u001b[2K'
const lineUp = '\u001b[1A'

/**
 * Standard output and standard error. Text printed while a status is shown goes above it, so that
 * both stay whole.
 */
export class Screen {
  readonly #stdout: OutputStream
  readonly #stderr: OutputStream
  #status: readonly string[] = []

  constructor({ stdout, stderr }: ScreenOptions) {
    this.#stdout = stdout
    this.#stderr = stderr
  }

  /** True when standard output is a terminal, so that a status can be redrawn. */
  get isTerminal(): boolean {
    return this.#stdout.isTTY === true
  }

  /** Prints whole lines to standard output; the last line end is added. */
  print(text: string): void {
    this.#aboveStatus(() => this.#stdout.write(`${text}\n`))
  }

  /** Prints whole lines to standard error; the last line end is added. */
  printError(text: string): void {
    this.#aboveStatus(() => this.#stderr.write(`${text}\n`))
  }

  /** Writes data to standard output as it is; resolves when the reader has taken it. */
  write(data: Uint8Array | string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stdout.write(data, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** Shows lines that the next call replaces. Without a terminal they are printed one by one. */
  status(lines: readonly string[]): void {
    if (!this.isTerminal) {
      for (const line of lines) this.print(line)
      return
    }
    const width = this.#stdout.columns ?? 80
    const shown = lines.map((line) => truncate(line, width - 1))
    this.#stdout.write(`${this.#eraseStatus()}${shown.join('\n')}`)
    this.#status = shown
  }

  clearStatus(): void {
    if (this.#status.length === 0) return
    this.#stdout.write(this.#eraseStatus())
    this.#status = []
  }

  #aboveStatus(write: () => void): void {
    const status = this.#status
    this.clearStatus()
    write()
    if (status.length === 0) return
    this.#stdout.write(status.join('\n'))
    this.#status = status
  }

  #eraseStatus(): string {
    if (this.#status.length === 0) return ''
    return `${`${toLineStart}${lineUp}`.repeat(this.#status.length - 1)}${toLineStart}`
  }
}

/** Control characters of a file's name must not reach the terminal. */
function truncate(line: string, width: number): string {
  const printable = Array.from(line.replaceAll(/\p{Cc}/gu, '?'))
  return printable.length <= width ? printable.join('') : printable.slice(0, width).join('')
}

/** Calls `draw` at a steady pace until disposed, without keeping the program alive. */
export function repeatedly(intervalMs: number, draw: () => void): Disposable {
  const timer = setInterval(draw, intervalMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
