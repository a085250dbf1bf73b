import { PassThrough } from 'node:stream'
import type { ReadStream } from 'node:tty'
import { expect, it } from 'vitest'
import { HiddenLine, terminalInput } from './prompt.ts'

it.each([
  ['secret\r', 'secret'],
  ['x\u0015ab\u007fc\n', 'ac'],
  ['ü😀\u007f\r', 'ü'],
  ['\u0004', ''],
])('types %j as a terminal would', (keys, text) => {
  const line = new HiddenLine()
  expect(line.type(keys)).toBe('entered')
  expect(line.text).toBe(text)
})

it('goes on over several chunks and forgets what was typed when interrupted', () => {
  const line = new HiddenLine()
  expect(line.type('sec')).toBeUndefined()
  expect(line.type('ret\u0003')).toBe('interrupted')
  expect(line.text).toBe('')
})

it('waits for nobody when the program must end, and shows again what is typed', async () => {
  const stop = new AbortController()
  const modes: boolean[] = []
  const terminal = (): ReadStream =>
    Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode: (mode: boolean) => modes.push(mode),
    }) as unknown as ReadStream
  const ask = (input: ReadStream) =>
    terminalInput(input, new PassThrough(), { signal: stop.signal, interrupt: () => undefined })
  const closed = terminal()
  const unanswered = ask(closed).prompt('password: ')
  closed.emit('end')
  await expect(unanswered).rejects.toThrow('there was no answer')
  const [hidden, line] = [ask(terminal()).prompt('password: '), ask(terminal()).readLine()]
  stop.abort(new Error('ended'))
  await expect(hidden).rejects.toThrow('ended')
  await expect(line).rejects.toMatchObject({ name: 'AbortError' })
  expect(modes).toEqual([true, false, true, false])
})
