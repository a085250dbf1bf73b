import { describe, expect, it } from 'vitest'
import { type Node, formatNode } from '../../format/node.ts'
import type { BlobId, TreeId } from '../../base/id.ts'
import { changeOf } from './parent.ts'

const node: Node = {
  name: 'a',
  type: 'file',
  mode: 0o644,
  mtime: '2024-01-02T03:04:05Z',
  atime: '2024-01-02T03:04:05Z',
  ctime: '2024-01-02T03:04:05Z',
  uid: 1,
  gid: 2,
  user: 'ada',
  group: 'users',
  inode: 3n,
  deviceId: 4n,
  size: 5,
  links: 1,
  device: 0n,
  content: ['1'.repeat(64) as BlobId],
}

/** Another value for every member that a node can have. */
const changes: Required<Node> = {
  name: 'b',
  type: 'chardev',
  mode: 0o600,
  mtime: '2024-01-02T03:04:06Z',
  atime: '2024-01-02T03:04:06Z',
  ctime: '2024-01-02T03:04:06Z',
  uid: 10,
  gid: 20,
  user: 'bob',
  group: 'others',
  inode: 30n,
  deviceId: 40n,
  size: 50,
  links: 2,
  linktarget: 'c',
  extendedAttributes: [{ name: 'user.x', value: null }],
  genericAttributes: '{}',
  device: 7n,
  content: ['2'.repeat(64) as BlobId],
  subtree: '3'.repeat(64) as TreeId,
  error: 'broken',
  extra: '"new":1',
}

describe('a node beside that of the parent', () => {
  it('is new without one, and unchanged when they are written alike', () => {
    expect(changeOf(undefined, node)).toBe('new')
    expect(changeOf(node, { ...node })).toBe('unchanged')
    const copied = { ...node, content: [...(node.content ?? [])], extra: undefined }
    expect(changeOf(node, copied)).toBe('unchanged')
  })

  it.each(Object.entries(changes))('is changed when %s is another', (member, value) => {
    const other = { ...node, [member]: value } as Node
    const isWrittenAlike = formatNode(node) === formatNode(other)
    expect(changeOf(node, other)).toBe(isWrittenAlike ? 'unchanged' : 'changed')
    expect(changeOf(other, node)).toBe(isWrittenAlike ? 'unchanged' : 'changed')
  })
})
