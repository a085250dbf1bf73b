import type { Node, StoredSnapshot } from 'restic-core'
import { modeToStat, parseTime, snapshotMembers } from 'restic-core/format'
import { jsonText } from './json.ts'

const blockLength = 512

/** Lines of the export format of ncdu, which shows what takes the space. */
export class NcduDocument {
  #depth = 1

  begin(snapshot: StoredSnapshot): string {
    const facts = jsonText(Object.fromEntries(snapshotMembers(snapshot)))
    return `[1, 2, ${facts}, [{"name":"/"}`
  }

  node(node: Node): string {
    const margin = '  '.repeat(this.#depth)
    const entry = jsonText(ncduEntry(node))
    if (node.type !== 'dir') return `,\n${margin}${entry}`
    this.#depth++
    return `,\n${margin}[\n${margin}  ${entry}`
  }

  leave(): string {
    this.#depth--
    return `\n${'  '.repeat(this.#depth)}]`
  }

  end(): string {
    return '\n]\n]\n'
  }
}

function ncduEntry(node: Node): Record<string, unknown> {
  const size = node.size ?? 0
  const seconds = parseTime(node.mtime) / 1_000_000_000n
  return {
    name: node.name,
    asize: size,
    dsize: Math.ceil(size / blockLength) * blockLength,
    dev: node.deviceId,
    ino: node.inode,
    nlink: node.links,
    notreg: node.type !== 'dir' && node.type !== 'file',
    uid: node.uid,
    gid: node.gid,
    mode: modeToStat(node.mode) & 0o7777,
    mtime: seconds < 0n ? 0n : seconds,
  }
}
