import { expect, it } from 'vitest'
import { displayWidth, formatTable } from './table.ts'

it('is as wide as its widest cell and its headers', () => {
  const columns = [
    { header: 'ID', lines: (row: readonly string[]) => [row[0] ?? ''] },
    { header: 'Host      ', lines: (row: readonly string[]) => [row[1] ?? ''] },
    { header: 'Paths', lines: (row: readonly string[]) => row.slice(2) },
  ]
  const rows = [
    ['7c1bfe53', 'vm', '/a', '/bcdefg'],
    ['6197674b', '日本', '/x'],
  ]
  expect(formatTable(columns, rows)).toEqual([
    'ID        Host        Paths',
    '-----------------------------',
    '7c1bfe53  vm          /a',
    '                      /bcdefg',
    '6197674b  日本        /x',
    '-----------------------------',
  ])
})

it('measures what a terminal shows', () => {
  expect(['', 'abc', 'e\u0301', '日本語', '😀'].map(displayWidth)).toEqual([0, 3, 1, 6, 2])
})
