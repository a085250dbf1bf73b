import type { RestoreEvent } from 'restic-core'
import { expect, it } from 'vitest'
import { RestoreCounter } from './counter.ts'

it('counts what is wanted apart from what is right already', () => {
  const counter = new RestoreCounter(0)
  const events: readonly RestoreEvent[] = [
    { type: 'item', action: 'unchanged', path: '/a', size: 30 },
    { type: 'total', entries: 4, bytes: 130 },
    { type: 'bytes', restored: 0, unchanged: 30 },
    { type: 'bytes', restored: 25, unchanged: 0 },
    { type: 'item', action: 'restored', path: '/b', size: 25 },
    { type: 'item', action: 'deleted', path: '/c', size: 0 },
    { type: 'error', path: '/d', error: new Error('no') },
  ]
  for (const event of events) counter.event(event)
  expect(counter.statusObject(2500)).toEqual({
    message_type: 'status',
    seconds_elapsed: 2,
    percent_done: 0.25,
    total_files: 3,
    files_restored: 1,
    files_skipped: 1,
    files_deleted: 1,
    total_bytes: 100,
    bytes_restored: 25,
    bytes_skipped: 30,
  })
  expect(counter.statusLine(2500)).toBe(
    '[0:02] 25.00%  1 files/dirs 25 B, total 3 files/dirs 100 B',
  )
})
