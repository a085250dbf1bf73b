import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { errorClasses, errorsPage, formatErrorsPage, hintsFor, syncCodes } from './errors-page.ts'

describe('the page of errors', () => {
  it('is what the sources say (else: node tools/errors-page.ts)', () => {
    expect(readFileSync(errorsPage, 'utf8')).toBe(formatErrorsPage())
  })

  it('has class, code, docstring and what narrows it down', () => {
    const source = `
export type Reason =
  | 'a'
  | 'b'

/** One
 * thing. */
export class OneError extends ResticError {
  override readonly code = 'ONE'
  readonly reason: Reason
  readonly path: string
  readonly check: 'x' | 'y'
}

export type AnyResticError =
  | OneError
`
    expect(errorClasses(source)).toEqual([
      {
        name: 'OneError',
        code: 'ONE',
        meaning: 'One thing.',
        narrowedBy: [
          { member: 'reason', values: ['a', 'b'] },
          { member: 'check', values: ['x', 'y'] },
        ],
      },
    ])
  })

  it('wants a docstring for every error', () => {
    const source = `export class OneError extends ResticError {
  override readonly code = 'ONE'
}
export type AnyResticError =
  | OneError
`
    expect(() => errorClasses(source)).toThrow('OneError needs a docstring')
  })

  it('finds hints in the calls of one class, in pieces and with values', () => {
    const source = `
throw new OneError(f('x'), { hint: 'Do this.' })
throw new OneError('b', {
  hint: \`Look at \${path} \` + 'first.',
})
throw new TwoError('c', { hint: 'Not this.' })
`
    expect(hintsFor('OneError\\(', [source])).toEqual(['Do this.', 'Look at … first.'])
  })

  it('has the codes of the sync layer with their comments', () => {
    const source = `export type SyncErrorCode =
  /** it is
   * busy */
  | 'BUSY'
  /** no room */
  | 'NO_SPACE'

`
    expect(syncCodes(source)).toEqual([
      { code: 'BUSY', meaning: 'it is busy' },
      { code: 'NO_SPACE', meaning: 'no room' },
    ])
  })
})
