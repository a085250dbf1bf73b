import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  anyExtra,
  anyId,
  anyText,
  anyTime,
  anyU32,
  corrupt,
  expectGraceful,
} from '../../tests/format-arbitraries.ts'
import type { SnapshotId } from '../base/id.ts'
import { jsonDepthMax } from './json.ts'
import { type Snapshot, type SnapshotSummary, formatSnapshot, parseSnapshot } from './snapshot.ts'
import { zeroTime } from './time.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const toJson = (value: unknown): Uint8Array => encode(JSON.stringify(value))
const anyTexts = fc.array(anyText, { maxLength: 3 })

const nested = (depth: number): Uint8Array =>
  encode(`{"tree":"${'ab'.repeat(32)}","x":${'['.repeat(depth)}${']'.repeat(depth)}}`)

describe('a snapshot', () => {
  const anyCount = fc.nat()
  const anySummary: fc.Arbitrary<SnapshotSummary> = fc.record({
    backupStart: anyTime,
    backupEnd: anyTime,
    filesNew: anyCount,
    filesChanged: anyCount,
    filesUnmodified: anyCount,
    dirsNew: anyCount,
    dirsChanged: anyCount,
    dirsUnmodified: anyCount,
    dataBlobs: anyCount,
    treeBlobs: anyCount,
    dataAdded: anyCount,
    dataAddedPacked: anyCount,
    totalFilesProcessed: anyCount,
    totalBytesProcessed: fc.constantFrom(0, Number.MAX_SAFE_INTEGER),
    extra: anyExtra,
  })
  const anySnapshotId = fc.option(
    anyId.map((id) => id as string as SnapshotId),
    { nil: undefined },
  )
  const anySnapshot: fc.Arbitrary<Snapshot> = fc.record({
    time: anyTime,
    parent: anySnapshotId,
    tree: anyId,
    paths: anyTexts,
    hostname: anyText,
    username: anyText,
    uid: anyU32,
    gid: anyU32,
    excludes: anyTexts,
    tags: anyTexts,
    original: anySnapshotId,
    programVersion: anyText,
    summary: fc.option(anySummary, { nil: undefined }),
    extra: anyExtra,
  })
  const tree = 'ab'.repeat(32)

  it('comes back with what newer versions wrote', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        expect(parseSnapshot(formatSnapshot(snapshot), 'file 12')).toEqual(snapshot)
      }),
    )
  })

  it('needs a tree only', () => {
    const json = toJson({ tree: tree.toUpperCase(), paths: null, tags: null, summary: null })
    expect(parseSnapshot(json, 'file 12')).toEqual({
      time: zeroTime,
      tree,
      paths: [],
      hostname: '',
      username: '',
      uid: 0,
      gid: 0,
      excludes: [],
      tags: [],
      programVersion: '',
      extra: {},
    })
  })

  it('escapes as Go does', () => {
    const snapshot = parseSnapshot(toJson({ tree, paths: ['/<a>&\u2028\\'] }), 'file 12')
    const lossy = { ...snapshot, paths: [...snapshot.paths, 'bad\udcff'] }
    expect(decode(formatSnapshot(lossy))).toContain(
      '"paths":["/\\u003ca\\u003e\\u0026\\u2028\\\\","bad\\ufffd"]',
    )
  })

  it('keeps members whose names objects have already', () => {
    const json = `{"time":"${zeroTime}","tree":"${tree}","paths":[],"__proto__":{"a":1},"toString":2}`
    expect(decode(formatSnapshot(parseSnapshot(encode(json), 'file 12')))).toBe(json)
  })

  it.each([
    ['no tree', {}],
    ['a tree that is no id', { tree: 'abc' }],
    ['paths that are no list', { tree, paths: '/home' }],
    ['a path that is no text', { tree, paths: [1] }],
    ['a time that is none', { tree, time: '2024-02-30T00:00:00Z' }],
    ['a uid that does not fit', { tree, uid: 2 ** 32 }],
    ['a summary that is no object', { tree, summary: [] }],
    ['a summary with a count that is none', { tree, summary: { files_new: -1 } }],
  ])('with %s is refused', (_, json) => {
    expect(() => parseSnapshot(toJson(json), 'file 12')).toThrow(corrupt('json'))
  })

  it('with members nested too deep is refused, for it could not be written again', () => {
    expect(() => parseSnapshot(nested(jsonDepthMax - 1), 'file 12')).not.toThrow()
    expect(() => parseSnapshot(nested(100_000), 'file 12')).toThrow(corrupt('json'))
  })

  it('that is damaged fails in no other way', () => {
    expectGraceful(anySnapshot.map(formatSnapshot), (json) => parseSnapshot(json, 'file 12'))
  })
})
