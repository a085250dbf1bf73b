/** A program at a terminal, and somebody who answers its questions. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'

/** Whether the system has `script`, which gives a program a terminal of its own. */
export function hasScript(): boolean {
  try {
    execFileSync('script', ['-qec', 'true', '/dev/null'])
    return true
  } catch {
    return false
  }
}

interface Conversation {
  /** The program and its words, none of them with blanks. */
  readonly command: readonly string[]
  readonly answers: readonly (readonly [question: string, answer: string])[]
  readonly home: string
  readonly cwd?: string
}

/** Types each answer when its question has come; gives what the terminal showed. */
export async function converse({ command, answers, home, cwd }: Conversation) {
  const child = spawn('script', ['-qec', command.join(' '), '/dev/null'], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: home, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let shown = ''
  let from = 0
  let next = 0
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
    const [question = '', answer = ''] = answers[next] ?? []
    const at = shown.indexOf(question, from)
    if (next >= answers.length || at < 0) return
    from = at + question.length
    next++
    child.stdin.write(answer)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, shown }
}
