import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Screen } from '../shared/screen.ts'
import { Progress, statusLine } from './progress.ts'

const mib = 1024 * 1024

describe('progress', () => {
  it('tells bytes, files, rate and time left, once there is enough to tell from', () => {
    const step = { bytes: 10 * mib, bytesTotal: 40 * mib, filesTotal: 83, sinceMs: 1_000 }
    expect(statusLine('fetch', step, 0, 1_500)).toBe(
      'fetching 10.0 MiB of 40.0 MiB in 83 files, 25 %',
    )
    expect(statusLine('read', step, 2 * mib, 3_000)).toBe(
      'reading 10.0 MiB of 40.0 MiB in 83 files, 25 %, 2.0 MiB sent, 5.0 MiB/s, 0:06 left',
    )
  })

  it('is whole when there is nothing to read', () => {
    const step = { bytes: 0, bytesTotal: 0, filesTotal: 0, sinceMs: 0 }
    expect(statusLine('read', step, 0, 9_000)).toBe('reading 0 B of 0 B in 0 files, 100 %')
  })

  it('gives warnings to standard error, also when quiet, and the rest only when not', () => {
    expect(said({ json: false, quiet: false })).toEqual({
      stdout: 'An interrupted change of the folder was taken back.\n',
      stderr: 'saves/a?b cannot be read, and counts as unchanged\n',
    })
    expect(said({ json: false, quiet: true }).stdout).toBe('')
    expect(said({ json: false, quiet: true }).stderr).toContain('saves/a?b')
  })

  it('gives events as JSON lines', () => {
    const lines = said({ json: true, quiet: false }).stdout.trimEnd().split('\n')
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { message_type: 'event', type: 'recovered', how: 'taken-back' },
      { message_type: 'event', type: 'note', note: { path: 'saves/a\u001bb', kind: 'unreadable' } },
    ])
  })
})

function said(options: { json: boolean; quiet: boolean }): { stdout: string; stderr: string } {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const text = { stdout: '', stderr: '' }
  // One read() gives all chunks on Node 24 and the first of them on Node 26.
  stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()))
  stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()))
  using progress = new Progress(new Screen({ stdout, stderr }), options)
  progress.event({ type: 'recovered', how: 'taken-back' })
  progress.event({ type: 'note', note: { path: 'saves/a\u001bb', kind: 'unreadable' } })
  return text
}
