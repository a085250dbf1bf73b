/** What the machines of the model may do, and what can happen to them. */
import fc from 'fast-check'
import type { Answer } from '../src/index.ts'

const worlds = ['World/level.dat', 'World/region/r.mca', 'World/region', 'Other/level.dat', 'Other']
const elsewhere = ['options.txt', 'config/a', 'config/a/b', 'config']
const paths = [...worlds.map((path) => `saves/${path}`), ...elsewhere]
const answerNames = ['stop', 'keep-here', 'keep-there', 'keep-both', 'merge'] as const

export type Step =
  | { readonly kind: 'write'; readonly machine: number; readonly path: string }
  | { readonly kind: 'delete'; readonly machine: number; readonly path: string }
  | {
      readonly kind: 'rename'
      readonly machine: number
      readonly path: string
      readonly to: string
    }
  | {
      readonly kind: 'pull'
      readonly machine: number
      readonly answer: Answer
      readonly dies: number | undefined
      readonly again: boolean
      readonly foretold: boolean
    }
  | {
      readonly kind: 'push'
      readonly machine: number
      readonly dies: number | undefined
      readonly again: boolean
      readonly foretold: boolean
    }
  | { readonly kind: 'both-push'; readonly machine: number; readonly other: number }
  | { readonly kind: 'restore'; readonly machine: number; readonly hoursAgo: number }
  | { readonly kind: 'undo'; readonly machine: number; readonly dies: number | undefined }
  | { readonly kind: 'look'; readonly machine: number }
  /** The folder is copied with all that is in it, or set back to its last copy. */
  | { readonly kind: 'copy'; readonly machine: number }
  | { readonly kind: 'set-back'; readonly machine: number }
  | { readonly kind: 'network'; readonly machine: number; readonly isUp: boolean }
  | { readonly kind: 'clock'; readonly machine: number; readonly years: number }
  | { readonly kind: 'lose'; readonly machine: number; readonly what: 'cache' | 'state.json' }

const machine = fc.nat(3)
const path = fc.constantFrom(...paths)
const dies = fc.option(fc.integer({ min: 1, max: 90 }), { nil: undefined, freq: 4 })
const again = fc.boolean()
/** Whether a dry run goes before the command. */
const foretold = fc.boolean()
const answer = fc.constantFrom<Answer>(...answerNames)
const kind = <Kind extends string>(name: Kind): fc.Arbitrary<Kind> => fc.constant(name)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ kind: kind('write'), machine, path }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('delete'), machine, path }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('rename'), machine, path, to: path }) },
  {
    weight: 7,
    arbitrary: fc.record({ kind: kind('pull'), machine, answer, dies, again, foretold }),
  },
  { weight: 7, arbitrary: fc.record({ kind: kind('push'), machine, dies, again, foretold }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('both-push'), machine, other: machine }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('restore'), machine, hoursAgo: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('undo'), machine, dies }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('look'), machine }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('copy'), machine }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('set-back'), machine }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('network'), machine, isUp: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kind('clock'),
      machine,
      years: fc.integer({ min: -30, max: 30 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kind('lose'),
      machine,
      what: fc.constantFrom<'cache' | 'state.json'>('cache', 'state.json'),
    }),
  },
)

export interface Sequence {
  readonly machines: number
  readonly steps: readonly Step[]
}

export const sequence: fc.Arbitrary<Sequence> = fc.record({
  machines: fc.integer({ min: 2, max: 4 }),
  steps: fc.array(step, { minLength: 6, maxLength: 30, size: 'max' }),
})
