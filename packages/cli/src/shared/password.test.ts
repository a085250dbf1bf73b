import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askNewPassword, askPassword, givenPassword, type PasswordInput } from './password.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'password-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function fileWith(content: string | Uint8Array): Promise<string> {
  const path = join(folder, 'password')
  await writeFile(path, content)
  return path
}

function answers(isTerminal: boolean, ...lines: string[]): PasswordInput {
  const next = () => Promise.resolve(lines.shift() ?? '')
  return { isTerminal, readLine: next, prompt: next }
}

describe('the sources of a password', () => {
  it('prefers the command, then the file, then the variable', async () => {
    const file = await fileWith('from file')
    const command = `printf '%s' "from command"`
    expect(await givenPassword({ command, value: 'v' })).toBe('from command')
    expect(await givenPassword({ file, value: 'v' })).toBe('from file')
    expect(await givenPassword({ value: ' verbatim ' })).toBe(' verbatim ')
    expect(await givenPassword({ value: '' })).toBeUndefined()
  })

  it('refuses a command and a file at once', async () => {
    const both = givenPassword({ command: 'true', file: 'x' })
    await expect(both).rejects.toThrow('mutually exclusive')
  })

  it.each([
    ['blanks around', Buffer.from('\t pass wörd \r\n\n')],
    ['a UTF-8 mark', Buffer.from('\ufeffpass wörd\n')],
    ['UTF-16', Buffer.from('\ufeffpass wörd\n', 'utf16le')],
  ])('trims a file with %s', async (_, content) => {
    expect(await givenPassword({ file: await fileWith(content) })).toBe('pass wörd')
  })

  it('names a file that is not there', async () => {
    const file = join(folder, 'absent')
    await expect(givenPassword({ file })).rejects.toThrow(`${file} does not exist`)
  })

  it('tells when the command fails or cannot be run, and not what it printed', async () => {
    const failing = givenPassword({ command: `sh -c 'echo secret; exit 3'` })
    await expect(failing).rejects.toThrow(/^the password command failed: exit status 3$/)
    const absent = givenPassword({ command: '/no/such/program' })
    await expect(absent).rejects.toThrow('cannot be run')
  })

  it('gives an empty password only when asked to, and then no other', async () => {
    expect(await givenPassword({ none: true })).toBe('')
    await expect(givenPassword({ none: true, value: 'x' })).rejects.toThrow(
      'must not be specified together',
    )
  })
})

describe('asking for a password', () => {
  it('takes the first line when nobody is at a terminal', async () => {
    expect(await askPassword(answers(false, 'line'), '?')).toBe('line')
    expect(await askNewPassword(answers(false, 'line'))).toBe('line')
  })

  it('asks twice for a new one', async () => {
    expect(await askNewPassword(answers(true, 'one', 'one'))).toBe('one')
    await expect(askNewPassword(answers(true, 'one', 'two'))).rejects.toThrow('do not match')
  })

  it('refuses an empty one', async () => {
    await expect(askPassword(answers(true, ''), '?')).rejects.toThrow('empty password')
  })
})
