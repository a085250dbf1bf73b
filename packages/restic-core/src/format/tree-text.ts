import { type BlobId, type TreeId, isId } from '../base/id.ts'
import { nameFromBytes } from './name.ts'
import { type BareNode, type WrittenNode, formatContent, formatNode } from './node.ts'

const opening = '{"nodes":['
const closing = ']}\n'
const noContent = 'null}'
const subtreeMember = ',"subtree":"'
const idLength = 64

/** A node of the tree that would be written the same again. */
export interface SameNode extends WrittenNode {
  /** of a file; empty for everything else */
  readonly content: readonly BlobId[]
  /** of a directory */
  readonly subtree: TreeId | undefined
}

/**
 * The stored text of a tree beside what is there now, node by node. Most of a folder is as it was,
 * and to compare texts takes a fraction of the time of parsing one and writing it again. Only what
 * stands there as this version writes it is the same; anything else is for `parseTree`.
 */
export class TreeText {
  readonly #text: string
  /** where the next node begins; undefined when the text is no tree as this version writes it */
  #at: number | undefined
  #passed = 0
  /** where the next subtree is looked for; negative when there is none */
  #subtreeAt = 0

  constructor(bytes: Uint8Array) {
    this.#text = nameFromBytes(bytes)
    this.#at = this.#text.startsWith(opening) ? opening.length : undefined
  }

  /** How many nodes were the same. */
  get passed(): number {
    return this.#passed
  }

  /** Every node was the same, and there is nothing else. */
  get isPassed(): boolean {
    const at = this.#at
    if (at === undefined) return false
    return this.#text.startsWith(closing, at) && this.#text.length === at + closing.length
  }

  /**
   * The next node, when it is `node` but for the content of a file or the subtree of a directory. It
   * stays the next one until it is passed.
   */
  peek(node: BareNode): SameNode | undefined {
    const start = this.#at
    if (start === undefined) return undefined
    const { name } = node
    const written = formatNode(node)
    if (node.type === 'file') return this.#file(name, written.slice(0, -noContent.length), start)
    if (node.type === 'dir') return this.#directory(name, written.slice(0, -1), start)
    const isSame = this.#text.startsWith(written, start)
    return isSame ? { name, json: written, content: [], subtree: undefined } : undefined
  }

  /** Goes on to the node behind `same`, which was the next one. */
  pass({ json }: WrittenNode): void {
    const end = (this.#at ?? 0) + json.length
    this.#at = this.#text[end] === ',' ? end + 1 : end
    this.#passed++
  }

  /** The subtree behind the one it told last, as far as text can tell. */
  nextSubtree(): TreeId | undefined {
    while (this.#subtreeAt >= 0) {
      const found = this.#text.indexOf(subtreeMember, this.#subtreeAt)
      this.#subtreeAt = found < 0 ? found : found + subtreeMember.length
      const id = this.#text.slice(this.#subtreeAt, this.#subtreeAt + idLength)
      if (found >= 0 && isId<'blob'>(id)) return id
    }
    return undefined
  }

  /** @param head what is written of the file before its content */
  #file(name: string, head: string, start: number): SameNode | undefined {
    if (!this.#text.startsWith(head, start)) return undefined
    const at = start + head.length
    const close = this.#text.indexOf(']', at)
    const content: BlobId[] = []
    // Each id has two quotes, and a comma before the next.
    for (let from = at + 2; from < close; from += idLength + 3) {
      const id = this.#text.slice(from, from + idLength)
      if (!isId<'blob'>(id)) return undefined
      content.push(id)
    }
    const rest = `${formatContent(content)}}`
    if (!this.#text.startsWith(rest, at)) return undefined
    return { name, json: head + rest, content, subtree: undefined }
  }

  /** @param head what is written of the directory before its subtree */
  #directory(name: string, head: string, start: number): SameNode | undefined {
    if (!this.#text.startsWith(head, start)) return undefined
    const at = start + head.length
    const from = at + subtreeMember.length
    const id = this.#text.slice(from, from + idLength)
    const rest = `${subtreeMember}${id}"}`
    if (!isId<'blob'>(id) || !this.#text.startsWith(rest, at)) return undefined
    return { name, json: head + rest, content: [], subtree: id }
  }
}
