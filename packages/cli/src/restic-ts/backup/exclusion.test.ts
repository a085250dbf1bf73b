import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SourceEntry } from 'restic-core'
import { nameFromBytes } from 'restic-core/format'
import { fileSource } from 'restic-core/node'
import { expect, it, onTestFinished } from 'vitest'
import { cacheTag, makeExclusion } from './exclusion.ts'

/** Another file system at /a/mount; mounted in that, the first again at /a/mount/back. */
const entries: Readonly<Record<string, readonly [SourceEntry['type'], bigint]>> = {
  '/a': ['dir', 1n],
  '/a/file': ['file', 1n],
  '/a/bound': ['file', 2n],
  '/a/mount': ['dir', 2n],
  '/a/mount/file': ['file', 2n],
  '/a/mount/side': ['dir', 2n],
  '/a/mount/back': ['dir', 1n],
  '/a/mount/deep/target': ['dir', 2n],
  '/a/mount/deep/target/file': ['file', 2n],
}
const entry = (path: string): SourceEntry => {
  const [type, deviceId] = entries[path] as (typeof entries)[string]
  return { type, deviceId, size: 0 } as SourceEntry
}

it('keeps to the file systems of the targets, with the directories where others are mounted', () => {
  const devices = new Map([
    ['/a', 1n],
    ['/a/mount/deep/target', 2n],
  ])
  const rules = { source: { entry }, patterns: [], folders: [], tagFiles: [], devices }
  const { byEntry } = makeExclusion(rules, () => {})
  const out = Object.keys(entries).filter((path) => byEntry?.(path, entry(path)))
  expect(out).toEqual(['/a/bound', '/a/mount/file', '/a/mount/side'])
})

it('reads the mark of a directory whose name is no UTF-8', () => {
  const root = mkdtempSync(join(tmpdir(), 'exclusion-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const folder = Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xff)])
  mkdirSync(folder)
  writeFileSync(Buffer.concat([folder, Buffer.from('/CACHEDIR.TAG')]), cacheTag.header)
  const warnings: string[] = []
  const rules = { source: fileSource(), patterns: [], folders: [], tagFiles: [cacheTag] }
  const { onlyEntry } = makeExclusion(rules, (text) => warnings.push(text))
  expect(onlyEntry?.(nameFromBytes(folder), ['CACHEDIR.TAG', 'x'])).toBe('CACHEDIR.TAG')
  expect(warnings).toEqual([])
})
