import { BackendError } from 'restic-core'
import { expect, it } from 'vitest'
import { retryText } from './retry-text.ts'

const file = { type: 'pack', name: 'ab'.repeat(32) } as const
const error = new BackendError('connection reset', 'unavailable')

it('tells of a request that is repeated as restic does', () => {
  const request = { operation: 'write', file, size: 5 } as const
  expect(retryText({ type: 'retry', request, attempt: 1, delayMs: 720.25, error })).toBe(
    'Save(<data/ababababab>) returned error, retrying after 720ms: connection reset',
  )
  expect(retryText({ type: 'recovered', request, retries: 2 })).toBe(
    'Save(<data/ababababab>) operation successful after 2 retries',
  )
})

it('names the config and listings', () => {
  const event = { type: 'retry', attempt: 1, delayMs: 5, error } as const
  const config = { operation: 'read', file: { type: 'config' } } as const
  expect(retryText({ ...event, request: config })).toContain('Load(<config/>) returned')
  const list = { operation: 'list', type: 'pack' } as const
  expect(retryText({ ...event, request: list })).toContain('List(data) returned')
})
