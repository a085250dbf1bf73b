import { readFile, readdir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type FixtureName, fixturePath, readFixture } from '../../../../fixtures/read-manifest.ts'
import type { BlobId } from '../base/id.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { nodeKernel } from '../node/kernel.ts'
import { openBlob } from './blob.ts'
import { formatConfig, parseConfig } from './config.ts'
import { unwrapFile } from './envelope.ts'
import { parseIndexFile } from './index-file.ts'
import { formatIndexFile } from './index-writer.ts'
import { formatKeyFile, openMasterKey, parseKeyFile } from './key-file.ts'
import { headerLengthSize, packLength, parseHeaderLength, parsePackHeader } from './pack-header.ts'
import { type MasterKey, open } from './seal.ts'
import { formatSnapshot, parseSnapshot } from './snapshot.ts'
import { formatTree, parseTree } from './tree.ts'

const names: readonly FixtureName[] = [
  'v1-restic-0.14.0',
  'v2-restic-0.14.0',
  'v1-restic-0.18.0',
  'v2-restic-0.18.0',
]

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

let kernel: Kernel
beforeAll(async () => {
  kernel = await nodeKernel()
})

describe.each(names)('the repository %s', (name) => {
  const files: { readonly path: string; readonly content: Uint8Array }[] = []
  let version: 1 | 2
  let key: MasterKey

  beforeAll(async () => {
    const fixture = await readFixture(name)
    version = fixture.repositoryVersion
    const folder = fixturePath(name)
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const content = new Uint8Array(await readFile(path))
      files.push({ path: path.slice(folder.length + 1).replaceAll(sep, '/'), content })
    }
    const keyFile = parseKeyFile(filesIn('keys')[0] as Uint8Array, 'key')
    key = openMasterKey(kernel, fixture.password, keyFile, 'key') as MasterKey
  })

  const filesIn = (folder: string): Uint8Array[] =>
    files.filter(({ path }) => path.startsWith(folder)).map(({ content }) => content)
  const jsonIn = (folder: string): Uint8Array[] =>
    filesIn(folder).map((sealed) =>
      unwrapFile(kernel, version, open(kernel, key, sealed, folder), folder),
    )

  it('has a config, keys, snapshots and index files that are written again as they are', () => {
    const config = open(kernel, key, filesIn('config')[0] as Uint8Array, 'config')
    expect(text(formatConfig(parseConfig(config)))).toBe(text(config))
    const again = (parts: readonly Uint8Array[], write: (part: Uint8Array) => Uint8Array): void => {
      expect(parts.length).toBeGreaterThan(0)
      expect(parts.map(write).map(text)).toEqual(parts.map(text))
    }
    again(filesIn('keys'), (json) => formatKeyFile(parseKeyFile(json, 'key')))
    again(jsonIn('snapshots'), (json) => formatSnapshot(parseSnapshot(json, 'snapshot')))
    again(jsonIn('index'), (json) => formatIndexFile(parseIndexFile(json, 'index')))
  })

  it('has trees that are written again as they are', () => {
    const trees = filesIn('data')
      .flatMap(blobsIn)
      .filter(({ type }) => type === 'tree')
    expect(trees.length).toBeGreaterThan(2)
    for (const { id, plaintext } of trees) {
      expect(text(formatTree(parseTree(plaintext, id)))).toBe(
        name.endsWith('0.14.0') ? asWrittenToday(text(plaintext)) : text(plaintext),
      )
    }
  })

  function blobsIn(
    pack: Uint8Array,
  ): { readonly type: string; readonly id: BlobId; readonly plaintext: Uint8Array }[] {
    const end = pack.length - headerLengthSize
    const headerLength = parseHeaderLength(pack, pack.length, 'pack')
    const header = open(kernel, key, pack.subarray(end - headerLength, end), 'pack')
    const entries = parsePackHeader(header, 'pack')
    expect(packLength(entries)).toBe(pack.length)
    return entries.map((entry) => {
      const sealed = pack.subarray(entry.offset, entry.offset + entry.length)
      const plaintext = openBlob(kernel, key, sealed, entry, entry.id)
      return { type: entry.type, id: entry.id, plaintext }
    })
  }
})

/**
 * What restic 0.14 wrote and no later one writes again: long escapes of two control characters in
 * targets; the escape of U+FFFD for bytes of a target that are not UTF-8, which reads back as the
 * character itself; and an escape in the one name with a character that only Unicode 14 has.
 */
function asWrittenToday(tree: string): string {
  return tree
    .replaceAll(/(?<!\\)\\u0008/g, '\\b')
    .replaceAll(/(?<!\\)\\u000c/g, '\\f')
    .replaceAll(/(?<!\\)\\ufffd/g, '\ufffd')
    .replaceAll('\\\\U0001fae0', '\u{1fae0}')
}
