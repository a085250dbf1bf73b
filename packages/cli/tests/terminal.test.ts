/** At a terminal: passwords are asked for without echo, and progress stays below what is printed. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPrograms } from '../../../tools/build.ts'
import { converse, hasScript } from './conversation.ts'

describe.skipIf(!hasScript())('at a terminal', () => {
  let folder = ''
  let file = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terminal-'))
    file = (await buildPrograms(['restic-ts'], folder))[0] ?? ''
    mkdirSync(join(folder, 'data'))
    for (let n = 0; n < 400; n++) {
      writeFileSync(join(folder, `data/${n}`), `${n} `.repeat(20_000))
    }
  })
  afterAll(() => rm(folder, { recursive: true }))

  const answering = (
    words: readonly string[],
    answers: readonly (readonly [question: string, answer: string])[],
  ) => {
    const command = [process.execPath, file, '-r', join(folder, 'repo'), ...words]
    return converse({ command, answers, home: folder })
  }

  it('asks twice for a new password and shows neither', async () => {
    const { code, shown } = await answering(
      ['init'],
      [
        ['enter password for new repository: ', 'hidden\r'],
        ['enter password again: ', 'hidden\r'],
      ],
    )
    expect(code, shown).toBe(0)
    expect(shown).toContain('created restic repository')
    expect(shown).not.toContain('hidden')
  })

  it('asks again after a wrong password, and gives up on Ctrl-C', async () => {
    const ask = 'enter password for repository: '
    const right = await answering(
      ['snapshots'],
      [
        [ask, 'wrong\r'],
        [ask, 'hidden\r'],
      ],
    )
    expect(right.code, right.shown).toBe(0)
    expect(right.shown).toContain('wrong password')
    expect((await answering(['snapshots'], [[ask, 'hid\u0003']])).code).toBe(130)
  })

  it('draws progress and leaves the summary alone on the screen', async () => {
    const password = join(folder, 'password')
    writeFileSync(password, 'hidden')
    const words = ['backup', join(folder, 'data'), '--password-file', password]
    const { code, shown } = await answering(words, [])
    expect(code, shown).toBe(0)
    const drawn = shown.split('\u001b[2K')
    expect(drawn.some((text) => /^\[0:0\d\] .*files/.test(text))).toBe(true)
    const last = drawn.at(-1) ?? ''
    expect(last).toMatch(/^(\r\n)*Files: +400 new[^]*snapshot [0-9a-f]{8} saved\r\n$/)
  })
})
