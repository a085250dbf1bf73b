/** At a terminal: passwords are asked for without echo, and progress stays below what is printed. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPrograms } from '../../../tools/build.ts'

/** Gives a program a terminal of its own, where the system has `script` for it. */
function hasScript(): boolean {
  try {
    execFileSync('script', ['-qec', 'true', '/dev/null'])
    return true
  } catch {
    return false
  }
}

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

  /** Types each answer when its question has come; gives what the terminal showed. */
  async function converse(
    words: readonly string[],
    answers: readonly (readonly [question: string, answer: string])[],
  ) {
    const command = [process.execPath, file, '-r', join(folder, 'repo'), ...words].join(' ')
    const { PATH = '' } = process.env
    const child: ChildProcess = spawn('script', ['-qec', command, '/dev/null'], {
      env: { PATH, HOME: folder, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let shown = ''
    let from = 0
    let next = 0
    child.stdout?.on('data', (chunk: Buffer) => {
      shown += chunk.toString()
      const [question = '', answer = ''] = answers[next] ?? []
      const at = shown.indexOf(question, from)
      if (next >= answers.length || at < 0) return
      from = at + question.length
      next++
      child.stdin?.write(answer)
    })
    const [code] = await once(child, 'close')
    return { code, shown }
  }

  it('asks twice for a new password and shows neither', async () => {
    const { code, shown } = await converse(
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
    const right = await converse(
      ['snapshots'],
      [
        [ask, 'wrong\r'],
        [ask, 'hidden\r'],
      ],
    )
    expect(right.code, right.shown).toBe(0)
    expect(right.shown).toContain('wrong password')
    expect((await converse(['snapshots'], [[ask, 'hid\u0003']])).code).toBe(130)
  })

  it('draws progress and leaves the summary alone on the screen', async () => {
    const password = join(folder, 'password')
    writeFileSync(password, 'hidden')
    const words = ['backup', join(folder, 'data'), '--password-file', password]
    const { code, shown } = await converse(words, [])
    expect(code, shown).toBe(0)
    const drawn = shown.split('\u001b[2K')
    expect(drawn.some((text) => /^\[0:0\d\] .*files/.test(text))).toBe(true)
    const last = drawn.at(-1) ?? ''
    expect(last).toMatch(/^(\r\n)*Files: +400 new[^]*snapshot [0-9a-f]{8} saved\r\n$/)
  })
})
