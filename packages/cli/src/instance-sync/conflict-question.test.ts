import type { Conflict } from '@instance-sync/sync'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Screen } from '../shared/screen.ts'
import type { WorkContext } from './command.ts'
import { onConflict } from './conflict-question.ts'
import type { Person } from './person.ts'
import { Progress } from './progress.ts'
import { conflictLines } from './render/conflict.ts'

const noChanges = { added: 0, changed: 0, removed: 0, bytes: 0 }
const side = {
  folder: '/games/Pack',
  time: '2026-11-21T18:30:00Z',
  files: 2,
  bytes: 2048,
  changes: undefined,
}
const first = 'a'.repeat(64) as NonNullable<Conflict['sides'][number]['snapshot']>
const second = 'b'.repeat(64) as typeof first
const conflict: Conflict = {
  sides: [
    { ...side, where: 'here', host: 'laptop', snapshot: undefined, changes: noChanges },
    { ...side, where: 'there', host: 'desk\u001btop', snapshot: first },
    { ...side, where: 'there', host: 'attic', snapshot: second },
  ],
  paths: [{ path: 'saves/World', about: 'unit', here: 'changed', there: 'removed' }],
}

function contextWith(person: Person | undefined): WorkContext {
  const screen = new Screen({ stdout: new PassThrough(), stderr: new PassThrough() })
  const quiet = { json: false, quiet: true }
  const context: Partial<WorkContext> = {
    person,
    screen,
    progress: new Progress(screen, quiet),
    common: {
      ...quiet,
      packFolder: '/nowhere',
      tokenFile: undefined,
      repoPasswordFile: undefined,
      repositoryPassword: undefined,
      label: 'Pack',
      keepsKey: true,
    },
  }
  return context as WorkContext
}

function personWho(...answers: readonly string[]): Person {
  const left = [...answers]
  return {
    ask: () => Promise.reject(new Error('not a question of choice')),
    askSecret: () => Promise.reject(new Error('nothing is secret here')),
    choose(_, choices) {
      const answer = left.shift()
      const found = choices.find(([name]) => name === answer)
      if (found === undefined) throw new Error(`${answer} is not among the choices`)
      return Promise.resolve(found[0])
    },
  }
}

async function ask(...answers: readonly string[]) {
  const question = onConflict(undefined, contextWith(personWho(...answers)))
  return typeof question === 'function' ? question(conflict) : question
}

describe('a conflict', () => {
  it('is settled by the flag before anybody is asked, and stops where nobody is there', () => {
    expect(onConflict('merge', contextWith(personWho()))).toBe('merge')
    expect(onConflict(undefined, contextWith(undefined))).toBe('stop')
  })

  it('is asked about; of several others one is chosen where that matters', async () => {
    expect(await ask('keep-here')).toEqual({ answer: 'keep-here' })
    expect(await ask('stop')).toEqual({ answer: 'stop' })
    expect(await ask('keep-there', 'bbbbbbbb')).toEqual({ answer: 'keep-there', there: second })
    expect(await ask('keep-both', 'aaaaaaaa')).toEqual({ answer: 'keep-both', there: first })
  })

  it('tells two folders of one machine apart', () => {
    const [here, , attic] = conflict.sides
    const sides = [here, { ...attic, host: 'laptop', folder: '/games/Copy' }, attic]
    const lines = conflictLines({ sides, paths: [] } as Conflict, 'Pack')
    expect(lines[1]).toMatch(/^ {2}here {3}laptop, \/games\/Pack; 2026/)
    expect(lines[2]).toMatch(/^ {2}there {2}laptop, \/games\/Copy; 2026/)
    expect(lines[3]).toMatch(/^ {2}there {2}attic; 2026/)
  })

  it('shows each side with its machine, time, counts and sizes', () => {
    const lines = conflictLines(conflict, 'Pack')
    expect(lines[0]).toBe('Conflict: Pack was changed in 3 places. Nothing was overwritten.')
    expect(lines[1]).toMatch(
      /^ {2}here {3}laptop; 2026-11-2\d \d\d:\d\d; 2 files; 2.0 KiB; not pushed$/,
    )
    expect(lines[2]).toMatch(/^ {2}there {2}desk\?top; .*; snapshot aaaaaaaa$/)
    expect(lines.slice(4)).toEqual([
      '  Both changed:',
      '    saves/World: changed here, removed there',
    ])
  })
})
