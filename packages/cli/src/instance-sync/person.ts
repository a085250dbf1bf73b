import { once } from 'node:events'
import type { ReadStream } from 'node:tty'
import { createInterface } from 'node:readline/promises'
import { type QuestionOptions, noAnswer, terminalInput } from '../shared/prompt.ts'
import type { OutputStream } from '../shared/screen.ts'

/** Somebody at a terminal who can be asked. */
export interface Person {
  /** @returns what was typed, without blanks around it; `fallback` when nothing was */
  ask(question: string, fallback?: string): Promise<string>
  /** Asks without showing what is typed. */
  askSecret(question: string): Promise<string>
  /** Asks until the answer is one of the choices, by its name or its number. */
  choose<Choice extends string>(
    question: string,
    choices: readonly (readonly [name: Choice, explanation: string])[],
  ): Promise<Choice>
}

export function personAt(
  input: ReadStream,
  output: NodeJS.WritableStream & OutputStream,
  { signal, interrupt }: QuestionOptions,
): Person {
  const ask = async (question: string, fallback = ''): Promise<string> => {
    const lines = createInterface({ input, output })
    lines.once('SIGINT', interrupt)
    const closed = once(lines, 'close').then(() => {
      throw noAnswer()
    })
    try {
      const answer = await Promise.race([lines.question(question, { signal }), closed])
      return answer.trim() === '' ? fallback : answer.trim()
    } catch (error) {
      if (signal.aborted) throw error
      output.write('\n')
      // Some versions of Node tell the end of the input as an abort, others not at all.
      throw error instanceof Error && error.name === 'AbortError' ? noAnswer() : error
    } finally {
      closed.catch(() => undefined)
      lines.close()
    }
  }
  return {
    ask,
    async askSecret(question) {
      const typed = await terminalInput(input, output, { signal, interrupt }).prompt(question)
      signal.throwIfAborted()
      return typed
    },
    async choose(question, choices) {
      const width = Math.max(...choices.map(([name]) => name.length))
      const list = choices.map(
        ([name, explanation], at) => `  ${at + 1}  ${name.padEnd(width)}  ${explanation}\n`,
      )
      output.write(list.join(''))
      for (;;) {
        const typed = await ask(question)
        const found = choices.find(([name], at) => typed === name || typed === String(at + 1))
        if (found !== undefined) return found[0]
        signal.throwIfAborted()
      }
    },
  }
}
