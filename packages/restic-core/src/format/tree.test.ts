import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyNodes, expectGraceful } from '../../tests/format-arbitraries.ts'
import type { CorruptDataError } from '../base/errors.ts'
import type { Node } from './node.ts'
import { zeroTime } from './time.ts'
import { formatTree, parseTree, treeIsExact } from './tree.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const treeOf = (...nodes: readonly string[]): Uint8Array =>
  encode(`{"nodes":[${nodes.join(',')}]}\n`)
const parse = (...nodes: readonly string[]): Node[] => parseTree(treeOf(...nodes), 'tree 1234')

const fileNode: Node = {
  name: 'a',
  type: 'file',
  mode: 0o644,
  mtime: '2024-05-06T07:08:09.123456789+02:00',
  atime: '2024-05-06T07:08:09.123456789+02:00',
  ctime: '2024-05-06T07:08:10Z',
  uid: 1000,
  gid: 100,
  user: 'someone',
  group: 'users',
  inode: 2n ** 64n - 1n,
  deviceId: 65_024n,
  size: 0,
  links: 1,
  device: 0n,
  content: [],
}

const named = (...names: string[]): Node[] => names.map((name) => ({ ...fileNode, name }))
const fileWith = (members: string): string => `{"name":"a","type":"file",${members}}`

describe('a tree', () => {
  it('comes back as it was, to the byte', () => {
    fc.assert(
      fc.property(anyNodes, (nodes) => {
        const bytes = formatTree(nodes)
        expect(parseTree(bytes, 'tree')).toEqual(nodes)
        expect(treeIsExact(bytes, 'tree')).toBe(true)
      }),
    )
  })

  it('is JSON with the members that JSON.parse finds', () => {
    expect(decode(formatTree([]))).toBe('{"nodes":[]}\n')
    expect(decode(formatTree([fileNode]))).toBe(
      '{"nodes":[{"name":"a","type":"file","mode":420,"mtime":"2024-05-06T07:08:09.123456789+02:00",' +
        '"atime":"2024-05-06T07:08:09.123456789+02:00","ctime":"2024-05-06T07:08:10Z","uid":1000,' +
        '"gid":100,"user":"someone","group":"users","inode":18446744073709551615,"device_id":65024,' +
        '"links":1,"content":[]}]}\n',
    )
  })

  it('is read with members in any order, with blanks, nulls and without most members', () => {
    const bytes = encode(
      ' { "before" : [ { } ] , "nodes" : [ { "type" : "dir" , "subtree" : null , "name" : "d" } ] ,' +
        ' "after" : -1.5e3 } ',
    )
    const [node] = parseTree(bytes, 'tree')
    expect(node).toMatchObject({
      name: 'd',
      type: 'dir',
      mtime: zeroTime,
      inode: 0n,
      content: null,
    })
    expect(node?.subtree).toBeUndefined()
    expect(treeIsExact(bytes, 'tree')).toBe(false)
  })

  it('keeps members this version does not know', () => {
    const [node] = parse(
      '{"name":"a","new":{"x":[1,"\\u00e9"]},"type":"file","newer":12345678901234567890}',
    )
    expect(node?.extra).toBe('"new":{"x":[1,"\\u00e9"]},"newer":12345678901234567890')
    const again = decode(formatTree(node ? [node] : []))
    expect(again).toContain(
      '"content":null,"new":{"x":[1,"\\u00e9"]},"newer":12345678901234567890}',
    )
  })

  it('takes the raw target of a symlink over the readable one, in either order', () => {
    const raw = '"linktarget_raw":"dP8="'
    const readable = '"linktarget":"t\\ufffd"'
    for (const members of [`${readable},${raw}`, `${raw},${readable}`]) {
      const [node] = parse(`{"name":"l","type":"symlink",${members}}`)
      expect(node?.linktarget).toBe('t\udcff')
    }
  })

  it('keeps names of megabytes', () => {
    const name = 'n'.repeat(4_000_000)
    const bytes = formatTree([{ ...fileNode, name }])
    expect(parseTree(bytes, 'tree')[0]?.name).toBe(name)
  })

  it('is refused for writing when its names are not in order', () => {
    for (const names of [['b', 'a'], ['a', 'a'], [''], ['\u{10000}', '\uffff']]) {
      expect(() => formatTree(named(...names))).toThrow(TypeError)
    }
    expect(() => formatTree(named('A', 'a', '\udc80', '\uffff', '\u{10000}'))).not.toThrow()
  })
})

describe('a damaged tree', () => {
  it.each([
    ['names out of order', ['{"name":"b","type":"file"}', '{"name":"a","type":"file"}'], 'value'],
    ['a repeated name', ['{"name":"a","type":"file"}', '{"name":"a","type":"dir"}'], 'value'],
    ['an empty name', ['{"name":"","type":"file"}'], 'json'],
    ['no name', ['{"type":"file"}'], 'json'],
    ['no type', ['{"name":"a"}'], 'json'],
    ['a name that is no quoted text', ['{"name":"\\\\q","type":"file"}'], 'value'],
    ['a mode that does not fit', [fileWith('"mode":4294967296')], 'value'],
    ['an inode that does not fit', [fileWith('"inode":18446744073709551616')], 'value'],
    ['a size that is not exact', [fileWith('"size":9007199254740992')], 'value'],
    ['a negative size', [fileWith('"size":-1')], 'json'],
    ['a time that is none', [fileWith('"mtime":"yesterday"')], 'value'],
    ['content that is no id', [fileWith('"content":["12"]')], 'value'],
    ['content that is no list', [fileWith('"content":{}')], 'json'],
    [
      'an attribute that is not base64',
      [fileWith('"extended_attributes":[{"name":"x","value":"*"}]')],
      'value',
    ],
    ['generic attributes that are no object', [fileWith('"generic_attributes":[]')], 'json'],
    ['a member cut short', ['{"name":"a","type":"fi'], 'json'],
    ['more behind it', ['{"name":"a","type":"file"}]}x'], 'json'],
  ])('with %s is refused', (_, nodes, check) => {
    expect(() => parse(...nodes)).toThrow(
      expect.objectContaining({ code: 'CORRUPT', what: 'tree 1234', check }),
    )
  })

  it.each(['', '{}', '[]', 'null', '{"nodes":{}}', '{"nodes":[]', '{"nodes":[]}}'])(
    'that is %j is refused',
    (json) => {
      expect(() => parseTree(encode(json), 'tree')).toThrow(
        expect.objectContaining({
          code: 'CORRUPT',
          check: 'json',
        } satisfies Partial<CorruptDataError>),
      )
    },
  )

  it('with a type of node that does not exist is not supported', () => {
    expect(() => parse('{"name":"a","type":"door"}')).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('"door"') }),
    )
  })

  it('never fails in another way', () => {
    expectGraceful(anyNodes.map(formatTree), (bytes) => formatTree(parseTree(bytes, 'tree')))
  })
})
