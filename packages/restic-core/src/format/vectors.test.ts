import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../base/bytes.ts'
import type { BlobId } from '../base/id.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { nodeKernel } from '../node/kernel.ts'
import { openBlob } from './blob.ts'
import { formatConfig, parseConfig } from './config.ts'
import { unwrapFile, wrapFile } from './envelope.ts'
import { parseIndexFile } from './index-file.ts'
import { formatIndexFile } from './index-writer.ts'
import { jsonString } from './json.ts'
import {
  formatKeyFile,
  formatMasterKey,
  openMasterKey,
  parseKeyFile,
  sealMasterKey,
} from './key-file.ts'
import { compareNames, nameFromBytes, nameToBytes } from './name.ts'
import { quoteName, unquoteName } from './name-quoting.ts'
import type { Node, NodeType } from './node.ts'
import { packColumns } from './pack-columns.ts'
import {
  type PackEntry,
  formatHeaderLength,
  formatPackHeader,
  headerLengthSize,
  packLength,
  parseHeaderLength,
  parsePackHeader,
} from './pack-header.ts'
import { type MasterKey, open, seal } from './seal.ts'
import { formatSnapshot, parseSnapshot } from './snapshot.ts'
import { formatTree, parseTree, treeIsExact } from './tree.ts'

/** What restic itself, and code that restic accepts, wrote; fixtures/vectors/README.md says how. */
function vectors(name: string): unknown {
  const file = new URL(`../../../../fixtures/vectors/${name}`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content)

let kernel: Kernel
beforeAll(async () => {
  kernel = await nodeKernel()
})

describe('crypto.json', () => {
  const crypto = vectors('crypto.json') as {
    key: { e: string; k: string; r: string }
    seal: { name: string; iv: string; plaintext: string; sealed: string }[]
    scrypt: { password_utf8: string }
    key_file: { bytes_utf8: string; payload_plaintext: string; data_hex: string }
    config_file: { hex: string; plaintext: string }
  }
  const key: MasterKey = {
    encrypt: fromHex(crypto.key.e),
    macK: fromHex(crypto.key.k),
    macR: fromHex(crypto.key.r),
  }

  it.each(crypto.seal)('seals and opens: $name', ({ iv, plaintext, sealed }) => {
    expect(toHex(seal(kernel, key, fromHex(plaintext), fromHex(iv)))).toBe(sealed)
    expect(toHex(open(kernel, key, fromHex(sealed), 'vector'))).toBe(plaintext)
  })

  it('opens a config and writes the same plaintext', () => {
    const plaintext = open(kernel, key, fromHex(crypto.config_file.hex), 'config')
    expect(text(plaintext)).toBe(crypto.config_file.plaintext)
    expect(text(formatConfig(parseConfig(plaintext)))).toBe(crypto.config_file.plaintext)
  })

  it('opens a key file and writes the same one', () => {
    const json = bytes(crypto.key_file.bytes_utf8)
    const file = parseKeyFile(json, 'key')
    const password = crypto.scrypt.password_utf8
    expect(openMasterKey(kernel, password, file, 'key')).toEqual(key)
    expect(openMasterKey(kernel, 'another', file, 'key')).toBeUndefined()
    const iv = fromHex(crypto.key_file.data_hex.slice(0, 32))
    expect(text(formatMasterKey(key))).toBe(crypto.key_file.payload_plaintext)
    const again = sealMasterKey(kernel, key, { ...file, password, iv })
    expect(text(formatKeyFile(again))).toBe(crypto.key_file.bytes_utf8)
  })
})

describe('quote.json', () => {
  const rows = vectors('quote.json') as {
    raw_hex: string
    quoted_utf8: string
    json: string
    json_unquoted_field: string
  }[]

  it.each(rows)('quotes $quoted_utf8', ({ raw_hex, quoted_utf8, json, json_unquoted_field }) => {
    const name = nameFromBytes(fromHex(raw_hex))
    expect(toHex(nameToBytes(name))).toBe(raw_hex)
    expect(quoteName(name)).toBe(quoted_utf8)
    expect(unquoteName(quoted_utf8)).toBe(name)
    expect(jsonString(quoteName(name))).toBe(json)
    expect(jsonString(name)).toBe(json_unquoted_field)
  })
})

describe('trees.json', () => {
  interface NodeVector {
    name_hex: string
    type: NodeType
    mode?: number
    mtime: string
    atime: string
    ctime: string
    uid: number
    gid: number
    user?: string
    group?: string
    inode?: number
    device_id?: number
    size?: number
    links?: number
    device?: number
    content?: BlobId[]
    subtree?: BlobId
    linktarget_hex?: string
    xattrs?: { name_hex: string; value_hex: string }[]
  }
  const trees = vectors('trees.json') as {
    source: string
    nodes: NodeVector[]
    tree_base64: string
    id: string
  }[]

  function nodeOf(vector: NodeVector): Node {
    const { type, linktarget_hex, xattrs } = vector
    return {
      name: nameFromBytes(fromHex(vector.name_hex)),
      type,
      mode: vector.mode ?? 0,
      mtime: vector.mtime,
      atime: vector.atime,
      ctime: vector.ctime,
      uid: vector.uid,
      gid: vector.gid,
      user: vector.user ?? '',
      group: vector.group ?? '',
      inode: BigInt(vector.inode ?? 0),
      deviceId: BigInt(vector.device_id ?? 0),
      size: type === 'file' ? (vector.size ?? 0) : undefined,
      links: vector.links ?? 0,
      linktarget: linktarget_hex === undefined ? undefined : nameFromBytes(fromHex(linktarget_hex)),
      extendedAttributes: xattrs?.map(({ name_hex, value_hex }) => ({
        name: nameFromBytes(fromHex(name_hex)),
        value: fromHex(value_hex),
      })),
      device: BigInt(vector.device ?? 0),
      content: type === 'file' ? (vector.content ?? []) : null,
      subtree: vector.subtree,
    }
  }

  it.each(trees)('writes $id: $source', ({ nodes, tree_base64, id }) => {
    const blob = new Uint8Array(Buffer.from(tree_base64, 'base64'))
    const sorted = nodes.map(nodeOf).toSorted((a, b) => compareNames(a.name, b.name))
    const formatted = formatTree(sorted)
    expect(text(formatted)).toBe(text(blob))
    expect(toHex(kernel.sha256(formatted))).toBe(id)
    const parsed = parseTree(blob, 'tree')
    // Names of attributes lose what is not UTF-8 when they are written; restic too says then that
    // it cannot write such a tree again.
    const hasLostNames = sorted.some((node) =>
      node.extendedAttributes?.some((attribute) => !attribute.name.isWellFormed()),
    )
    expect(treeIsExact(blob, 'tree')).toBe(!hasLostNames)
    expect(parsed).toEqual(sorted.map(withReadableAttributes))
  })
})

function withReadableAttributes(node: Node): Node {
  const extendedAttributes = node.extendedAttributes?.map(({ name, value }) => ({
    name: name.toWellFormed(),
    value,
  }))
  return { ...node, extendedAttributes }
}

interface RepositoryVector {
  password: string
  config: { version: 1 | 2; id: string; chunker_polynomial: string }
  files: Record<string, string>
  unpackedPlaintext: { snapshots: Record<string, string>; index: Record<string, string> }
  packHeaders: Record<
    string,
    {
      headerType: number
      offset: number
      length: number
      uncompressed: number | null
      id: string
    }[]
  >
  blobs: Record<string, string | { size: number }>
}

const repositories = [
  'repo-v1-restic-0.14.0.json',
  'repo-v2-restic-0.19.1.json',
  'repo-v2-odd-but-valid.json',
]

describe.each(repositories)('%s', (name) => {
  const repository = vectors(name) as RepositoryVector
  const { version } = repository.config
  const files = Object.entries(repository.files).map(([path, base64]) => ({
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    content: new Uint8Array(Buffer.from(base64, 'base64')),
  }))
  const filesIn = (folder: string): typeof files =>
    files.filter(({ path }) => path.startsWith(`${folder}/`))
  let key: MasterKey

  beforeAll(() => {
    const file = parseKeyFile(filesIn('keys')[0]?.content as Uint8Array, 'key')
    key = openMasterKey(kernel, repository.password, file, 'key') as MasterKey
  })

  it('has key files that are written again as they are', () => {
    for (const { content } of filesIn('keys')) {
      expect(text(formatKeyFile(parseKeyFile(content, 'key')))).toBe(text(content))
    }
  })

  it('has a config that is written again as it is', () => {
    const sealed = files.find(({ path }) => path === 'config')?.content as Uint8Array
    const json = open(kernel, key, sealed, 'config')
    const config = parseConfig(json)
    expect(config).toMatchObject({ version, id: repository.config.id })
    expect(config.chunkerPolynomial.toString(16)).toBe(repository.config.chunker_polynomial)
    expect(text(formatConfig(config))).toBe(text(json))
  })

  it('has snapshots that are written again as they are', () => {
    expect(filesIn('snapshots').length).toBeGreaterThan(0)
    for (const file of filesIn('snapshots')) {
      const json = unwrapped(file.content)
      expect(text(json)).toBe(repository.unpackedPlaintext.snapshots[file.name])
      expect(text(formatSnapshot(parseSnapshot(json, file.path)))).toBe(text(json))
    }
  })

  it('has index files that are written again as they are', () => {
    expect(filesIn('index').length).toBeGreaterThan(0)
    for (const file of filesIn('index')) {
      const json = unwrapped(file.content)
      expect(text(json)).toBe(repository.unpackedPlaintext.index[file.name])
      expect(text(formatIndexFile(parseIndexFile(json, file.path)))).toBe(text(json))
    }
  })

  it('has packs with headers and blobs that are what their names say', () => {
    expect(filesIn('data').length).toBeGreaterThan(0)
    for (const { name: pack, content } of filesIn('data')) {
      const entries = packEntries(content)
      const expected = repository.packHeaders[pack]?.map((entry) => ({
        type: entry.headerType % 2 === 0 ? 'data' : 'tree',
        id: entry.id,
        offset: entry.offset,
        length: entry.length,
        uncompressedLength: entry.uncompressed ?? 0,
      }))
      expect(entries).toEqual(expected)
      expect(packLength(entries)).toBe(content.length)
      for (const entry of entries) {
        const sealed = content.subarray(entry.offset, entry.offset + entry.length)
        const blob = openBlob(kernel, key, sealed, entry, `blob ${entry.id}`)
        const expectedBlob = repository.blobs[entry.id]
        const isTree = entry.type === 'tree'
        expect(isTree ? text(blob) : { size: blob.length }).toEqual(expectedBlob)
        expect(!isTree || treeIsExact(blob, entry.id)).toBe(true)
      }
    }
  })

  function unwrapped(sealed: Uint8Array): Uint8Array {
    const plaintext = open(kernel, key, sealed, 'file')
    const json = unwrapFile(kernel, version, plaintext, 'file')
    expect(unwrapFile(kernel, version, wrapFile(kernel, version, json), 'file')).toEqual(json)
    return json
  }

  function packEntries(pack: Uint8Array): PackEntry[] {
    const length = parseHeaderLength(pack, pack.length, 'pack')
    const end = pack.length - headerLengthSize
    expect(formatHeaderLength(length)).toEqual(pack.subarray(end))
    const plaintext = open(kernel, key, pack.subarray(end - length, end), 'header')
    const entries = parsePackHeader(plaintext, 'pack')
    expect(formatPackHeader(packColumns(entries))).toEqual(plaintext)
    return entries
  }
})
