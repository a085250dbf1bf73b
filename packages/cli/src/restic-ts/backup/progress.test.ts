import type { BackupEvent } from 'restic-core'
import { expect, it } from 'vitest'
import { BackupProgress } from './progress.ts'

const item = (path: string, bytes: number): BackupEvent => ({
  type: 'item',
  path,
  kind: 'file',
  change: 'new',
  bytes,
})

it('counts what was read once, also when the file is done', () => {
  const progress = new BackupProgress(1000)
  progress.event({ type: 'read', path: '/b', bytes: 60 }, 1000)
  progress.event({ type: 'read', path: '/a', bytes: 10 }, 2000)
  expect(progress.statusObject(3000)).toEqual({
    message_type: 'status',
    seconds_elapsed: 2,
    percent_done: 0,
    bytes_done: 70,
    current_files: ['/a', '/b'],
  })
  expect(progress.event(item('/b', 80), 4000)).toBe(3000)
  progress.event(item('/unchanged', 20), 4000)
  progress.scan({ files: 4, bytes: 220 }, true)
  expect(progress.statusObject(5000)).toEqual({
    message_type: 'status',
    seconds_elapsed: 4,
    seconds_remaining: 4,
    percent_done: 0.5,
    total_files: 4,
    files_done: 2,
    total_bytes: 220,
    bytes_done: 110,
    current_files: ['/a'],
  })
})

it('shows totals while they are counted, and a forecast once they are known', () => {
  const progress = new BackupProgress(0)
  expect(progress.statusLines(500)).toEqual(['[0:00] 0 files 0 B, 0 errors'])
  progress.event(item('/a', 512), 1000)
  progress.scan({ files: 2, bytes: 1024 }, false)
  expect(progress.statusLines(61_000)).toEqual([
    '[1:01] 1 files 512 B, total 2 files 1.000 KiB, 0 errors',
  ])
  progress.scan({ files: 2, bytes: 2048 }, true)
  expect(progress.statusLines(60_000)).toEqual([
    '[1:00] 25.00%  1 files 512 B, total 2 files 2.000 KiB, 0 errors ETA 3:00',
  ])
})
