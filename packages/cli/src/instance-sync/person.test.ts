import { PassThrough } from 'node:stream'
import type { ReadStream } from 'node:tty'
import { describe, expect, it } from 'vitest'
import { personAt } from './person.ts'

function personWho(types: string, signal: AbortSignal = new AbortController().signal) {
  const input = new PassThrough()
  const output = new PassThrough()
  let said = ''
  output.on('data', (chunk: Buffer) => {
    const text = chunk.toString()
    said += text
    // One line for each question, as a person types.
    if (!text.endsWith('? ')) return
    const [line = '', ...rest] = types.split('\n')
    types = rest.join('\n')
    input.write(`${line}\n`)
  })
  const person = personAt(input as unknown as ReadStream, output, {
    signal,
    interrupt: () => undefined,
  })
  return { person, said: () => said }
}

const choices = [
  ['keep-there', 'take theirs'],
  ['stop', 'change nothing'],
] as const

describe('a person at a terminal', () => {
  it('answers with what is typed, or with nothing', async () => {
    const { person } = personWho('  a word \n\n')
    expect(await person.ask('what? ')).toBe('a word')
    expect(await person.ask('what? ')).toBe('')
    expect(await personWho('\n').person.ask('what? ', 'usual')).toBe('usual')
  })

  it('chooses by number or by name, and is asked again until it is one of them', async () => {
    const { person, said } = personWho('bogus\n3\n2\nkeep-there\n')
    expect(await person.choose('which? ', choices)).toBe('stop')
    expect(said()).toBe(
      '  1  keep-there  take theirs\n  2  stop        change nothing\nwhich? which? which? ',
    )
    expect(await person.choose('which? ', choices)).toBe('keep-there')
  })

  it('is not waited for when the program must end', async () => {
    const { person } = personWho('', AbortSignal.abort(new Error('ended')))
    await expect(person.ask('what: ')).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('who closes the input has given no answer', async () => {
    const input = new PassThrough()
    const person = personAt(input as unknown as ReadStream, new PassThrough(), {
      signal: new AbortController().signal,
      interrupt: () => undefined,
    })
    const answer = person.choose('which? ', choices)
    input.end()
    await expect(answer).rejects.toThrow('there was no answer')
  })
})
