import { expect, it } from 'vitest'
import { Screen, type OutputStream } from './screen.ts'

function recorded(isTTY: boolean): OutputStream & { text: string } {
  return {
    isTTY,
    columns: 20,
    text: '',
    write(data, done) {
      this.text += String(data)
      done?.()
      return true
    },
  }
}

const escape = '\u001b'
const pieces = new RegExp(`${escape}\\[2K|${escape}\\[1A|\r|\n|[^${escape}\r\n]+`, 'g')

/** What a terminal shows after the escape sequences took effect. */
function shown(text: string): string[] {
  const lines = ['']
  let row = 0
  for (const [part] of text.matchAll(pieces)) {
    if (part === '\u001b[2K') lines[row] = ''
    else if (part === '\u001b[1A') row--
    else if (part === '\n') lines[++row] ??= ''
    else if (part !== '\r') lines[row] += part
  }
  return lines
}

it('prints above the status and redraws it', () => {
  const stdout = recorded(true)
  const screen = new Screen({ stdout, stderr: stdout })
  screen.status(['one', 'two'])
  screen.print('hello')
  screen.status(['three', 'four'])
  screen.printError('oh')
  expect(shown(stdout.text)).toEqual(['hello', 'oh', 'three', 'four'])
  screen.clearStatus()
  expect(shown(stdout.text)).toEqual(['hello', 'oh', '', ''])
})

it('cuts a status at the width of the terminal and keeps control characters out', () => {
  const stdout = recorded(true)
  new Screen({ stdout, stderr: stdout }).status([`\u001b]0;title\u0007${'x'.repeat(30)}`])
  expect(stdout.text).toBe(`?]0;title?${'x'.repeat(9)}`)
})

it('prints status lines plainly when nothing can be redrawn', () => {
  const stdout = recorded(false)
  const stderr = recorded(false)
  const screen = new Screen({ stdout, stderr })
  screen.status(['at 5 %'])
  screen.printError('oh')
  screen.clearStatus()
  expect(stdout.text).toBe('at 5 %\n')
  expect(stderr.text).toBe('oh\n')
})

it('rejects when the reader has gone', async () => {
  const stdout: OutputStream = {
    write(_, done) {
      done?.(new Error('write EPIPE'))
      return false
    },
  }
  const screen = new Screen({ stdout, stderr: stdout })
  await expect(screen.write('x')).rejects.toThrow('EPIPE')
})
