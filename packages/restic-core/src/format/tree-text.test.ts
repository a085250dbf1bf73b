import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyNodes } from '../../tests/format-arbitraries.ts'
import { type BareNode, type Node, formatNode } from './node.ts'
import { formatTree } from './tree.ts'
import { TreeText } from './tree-text.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

function bare(node: Node): BareNode {
  return { ...node, content: null, subtree: undefined, error: undefined, extra: undefined }
}

/** A node as an archiver leaves it: files have content, directories a subtree. */
function stored(node: Node): Node {
  const content = node.type === 'file' ? (node.content ?? []) : null
  const subtree = node.type === 'dir' ? (node.subtree ?? undefined) : undefined
  return { ...bare(node), content, subtree }
}

const isWhole = (node: Node): boolean => node.type !== 'dir' || node.subtree !== undefined

describe('the text of a tree', () => {
  it('is passed node by node by what it was written from', () => {
    fc.assert(
      fc.property(anyNodes, (any) => {
        const nodes = any.map(stored).filter(isWhole)
        const text = new TreeText(formatTree(nodes))
        for (const [passed, node] of nodes.entries()) {
          expect(text).toMatchObject({ passed, isPassed: false })
          const same = text.peek(bare(node))
          expect(same).toEqual({
            name: node.name,
            json: formatNode(node),
            content: node.content ?? [],
            subtree: node.subtree,
          })
          if (same) text.pass(same)
        }
        expect(text.isPassed).toBe(true)
      }),
    )
  })

  it('is the same only where writing the node again would give the same bytes', () => {
    const changed = fc.tuple(anyNodes, anyNodes, fc.nat()).filter(([nodes]) => nodes.length > 0)
    fc.assert(
      fc.property(changed, ([nodes, others, pick]) => {
        const [node] = nodes as [Node]
        const other = others.length === 0 ? node : { ...(others[pick % others.length] as Node) }
        for (const asked of [bare(other), bare(node), bare({ ...node, mtime: other.mtime })]) {
          const same = new TreeText(formatTree(nodes)).peek(asked)
          if (same === undefined) continue
          const content = asked.type === 'file' ? same.content : null
          const again = formatNode({ ...asked, content, subtree: same.subtree })
          expect(same.json).toBe(again)
          expect(again).toBe(formatNode(node))
        }
      }),
    )
  })

  it('tells the subtrees in their order', () => {
    fc.assert(
      fc.property(anyNodes, (any) => {
        const nodes = any.map(stored).filter(isWhole)
        const text = new TreeText(formatTree(nodes))
        const told: string[] = []
        for (let id = text.nextSubtree(); id !== undefined; id = text.nextSubtree()) told.push(id)
        expect(told).toEqual(nodes.flatMap(({ subtree }) => subtree ?? []))
      }),
    )
  })

  it.each([
    ['blanks', '{ "nodes":[]}\n'],
    ['no nodes', '{"nodes":null}\n'],
    ['no line end', '{"nodes":[]}'],
    ['more members', '{"nodes":[],"new":1}\n'],
    ['something else', 'x'],
    ['nothing', ''],
  ])('with %s is never passed', (_, text) => {
    expect(new TreeText(encode(text)).isPassed).toBe(false)
  })

  it('without a node is passed', () => {
    expect(new TreeText(encode('{"nodes":[]}\n')).isPassed).toBe(true)
  })

  it.each([
    ['capital digits', (id: string) => `["${id.toUpperCase()}"]`],
    ['a short id', (id: string) => `["${id.slice(1)}"]`],
    ['blanks', (id: string) => `[ "${id}" ]`],
    ['another separator', (id: string) => `["${id}";"${id}"]`],
    ['no end', (id: string) => `["${id}"`],
    ['null', () => 'null'],
  ])('is not taken for the same where the content has %s', (_, content) => {
    const [node] = fc.sample(anyNodes, { numRuns: 100, seed: 1 }).flat()
    const file = bare({ ...(node as Node), type: 'file', size: 1 })
    const id = 'ab'.repeat(32)
    const written = formatNode(file).replace(/null\}$/, `${content(id)}}`)
    expect(new TreeText(encode(`{"nodes":[${written}]}\n`)).peek(file)).toBeUndefined()
  })
})
