import { addAbortSignal } from 'node:stream'
import type { ReadStream } from 'node:tty'
import { nameFromBytes } from 'restic-core/format'
import { Failure } from './failure.ts'
import type { PasswordInput } from './password.ts'
import type { OutputStream } from './screen.ts'

export interface QuestionOptions {
  /** Aborts when the program is to end, and nobody is waited for any more. */
  readonly signal: AbortSignal
  /** What Ctrl-C does while a question is open. */
  readonly interrupt: () => void
}

/** Standard input as a place to get passwords from. Questions go to `output`, which is stderr. */
export function terminalInput(
  input: ReadStream,
  output: OutputStream,
  options: QuestionOptions,
): PasswordInput {
  return {
    isTerminal: input.isTTY,
    readLine: () => readFirstLine(addAbortSignal(options.signal, input)),
    prompt: (question) => promptHidden(input, output, question, options),
  }
}

/** Whoever was asked has closed the input. */
export function noAnswer(): Failure {
  return new Failure('there was no answer: the input has ended')
}

/** The first line of a stream, without its end; what comes after it is not read. */
async function readFirstLine(input: NodeJS.ReadableStream): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk)
    chunks.push(bytes)
    if (bytes.includes(newline)) break
  }
  const text = nameFromBytes(Buffer.concat(chunks))
  return text.split('\n', 1)[0]?.replace(/\r$/, '') ?? ''
}

const newline = 10

async function promptHidden(
  input: ReadStream,
  output: OutputStream,
  question: string,
  options: QuestionOptions,
): Promise<string> {
  options.signal.throwIfAborted()
  // First: what is typed as soon as the question shows must not be echoed.
  input.setRawMode(true)
  input.resume()
  output.write(question)
  try {
    return await typedLine(input, options)
  } finally {
    input.setRawMode(false)
    input.pause()
    output.write('\n')
  }
}

function typedLine(input: ReadStream, { signal, interrupt }: QuestionOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const line = new HiddenLine()
    const onData = (chunk: Uint8Array): void => {
      const end = line.type(Buffer.from(chunk).toString('utf8'))
      if (end === undefined) return
      removeListeners()
      if (end === 'interrupted') interrupt()
      resolve(line.text)
    }
    const onEnd = (): void => {
      removeListeners()
      reject(noAnswer())
    }
    const onAbort = (): void => {
      removeListeners()
      reject(signal.reason as Error)
    }
    const removeListeners = (): void => {
      input.off('data', onData).off('end', onEnd)
      signal.removeEventListener('abort', onAbort)
    }
    input.on('data', onData).on('end', onEnd)
    signal.addEventListener('abort', onAbort)
  })
}

/** A line typed without echo: the keys a terminal would have handled itself. */
export class HiddenLine {
  text = ''

  /** @returns how the line ended, or undefined while it goes on */
  type(keys: string): 'entered' | 'interrupted' | undefined {
    for (const key of keys) {
      if (key === '\r' || key === '\n' || key === '\u0004') return 'entered'
      if (key === '\u0003') {
        this.text = ''
        return 'interrupted'
      }
      if (key === '\u0015') this.text = ''
      else if (key === '\u007f' || key === '\b')
        this.text = Array.from(this.text).slice(0, -1).join('')
      else this.text += key
    }
    return undefined
  }
}
