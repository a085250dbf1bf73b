import { concatBytes } from '../../base/bytes.ts'
import { CorruptDataError, MissingError } from '../../base/errors.ts'
import { shortId } from '../../base/id.ts'
import type { Node } from '../../format/node.ts'
import type { BlobIndex } from '../../repository/index/blob-index.ts'
import { BlobCopies } from './blob-copies.ts'
import { ContentPlan } from './content-plan.ts'
import type { PlannedFile } from './plan.ts'

/** The content of a file, as copies of its blobs. */
export interface Content {
  readonly copies: readonly number[]
  /** plaintext bytes of each blob */
  readonly lengths: readonly number[]
  readonly size: number
}

/** Gathers the files of a plan and what is written to them. */
export class FileContents {
  readonly files: PlannedFile[] = []
  readonly plan: ContentPlan
  readonly #copies: BlobCopies

  constructor(index: BlobIndex) {
    this.#copies = new BlobCopies(index)
    this.plan = new ContentPlan(this.#copies)
  }

  /**
   * @throws MissingError when the repository lacks one of its blobs
   * @throws CorruptDataError when the node has no list of blobs
   */
  of(node: Node, path: string): Content {
    if (node.content === null) throw new CorruptDataError(`file ${path}`, 'value')
    const copies = node.content.map((id) => {
      const copy = this.#copies.find(id)
      if (copy === undefined) throw new MissingError(`blob ${shortId(id)} of ${path}`)
      return copy
    })
    const lengths = copies.map((copy) => this.#copies.length(copy))
    return { copies, lengths, size: lengths.reduce((sum, length) => sum + length, 0) }
  }

  /** The ids of the blobs, 32 bytes each. */
  ids({ copies }: Content): Uint8Array {
    return concatBytes(copies.map((copy) => this.#copies.id(copy)))
  }

  /** @param matches for each blob 1 when the file has it already */
  write(
    path: string,
    { copies, lengths, size }: Content,
    action: PlannedFile['action'],
    matches?: Uint8Array,
  ): void {
    const file = this.files.push({ path, size, action }) - 1
    let position = 0
    for (const [blob, copy] of copies.entries()) {
      if (matches?.[blob] !== 1) this.plan.add(copy, file, position)
      position += lengths[blob] as number
    }
  }
}
