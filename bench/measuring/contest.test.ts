import { expect, it } from 'vitest'
import { nodePrograms } from '../stage/programs.ts'
import { type Side, median, metrics, play, ratio } from './contest.ts'

function side(label: string, log: string[]): Side {
  const command = { program: nodePrograms['24'], args: ['-p', `'${label}'`], env: {} }
  return {
    label,
    ready: () => {
      log.push(`${label} is ready`)
      return Promise.resolve(command)
    },
    done: ({ stdout }) => {
      log.push(`${stdout.trim()} is done`)
      return Promise.resolve()
    },
  }
}

it('plays the sides in turns, and verifies after the last run', async () => {
  const log: string[] = []
  const result = await play(
    {
      name: '',
      ours: side('a', log),
      restic: side('b', log),
      verify: () => {
        log.push('verified')
        return Promise.resolve()
      },
    },
    2,
  )
  const pair = ['a is ready', 'a is done', 'b is ready', 'b is done']
  expect(log).toEqual([...pair, ...pair, 'verified'])
  expect(result.ours.runs).toHaveLength(2)
  expect(result.restic.runs).toHaveLength(2)
})

it('finds the middle of an odd and of an even number of values', () => {
  expect(median([10, 9, 2])).toBe(9)
  expect(median([10, 1, 2, 4])).toBe(3)
})

const usage = (wallMs: number) => ({ wallMs, cpuMs: 1, peakBytes: 1 })

it('compares the two of a pair with each other, so that a slower hour does not count', () => {
  const result = {
    name: '',
    targets: {},
    ours: { label: 'a', runs: [1, 20, 3].map(usage) },
    restic: { label: 'b', runs: [2, 40, 6].map(usage) },
  }
  expect(metrics.map((metric) => ratio(result, metric))).toEqual([0.5, 1, 1])
})
