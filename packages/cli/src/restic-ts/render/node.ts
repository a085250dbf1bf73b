import type { Node } from 'restic-core'
import { modeText } from 'restic-core/format'
import { formatSize } from '../../shared/units.ts'
import { localTime } from './snapshot.ts'

/** An entry as `ls --json` shows it. */
export function nodeObject(path: string, node: Node): Record<string, unknown> {
  return {
    name: node.name,
    type: node.type,
    path,
    uid: node.uid,
    gid: node.gid,
    size: node.type === 'file' ? (node.size ?? 0) : undefined,
    mode: node.mode === 0 ? undefined : node.mode,
    permissions: modeText(node.mode),
    mtime: node.mtime,
    atime: node.atime,
    ctime: node.ctime,
    inode: node.inode === 0n ? undefined : node.inode,
    message_type: 'node',
    struct_type: 'node',
  }
}

interface NodeLineOptions {
  readonly long: boolean
  readonly humanReadable: boolean
}

/** An entry as `ls` shows it: its path, or with `long` a line with mode, owner, size and time. */
export function nodeLine(path: string, node: Node, options: NodeLineOptions): string {
  if (!options.long) return path
  const size = node.size ?? 0
  const sizeText = options.humanReadable ? formatSize(size) : size.toString().padStart(6)
  const owner = `${node.uid.toString().padStart(5)} ${node.gid.toString().padStart(5)}`
  const target = node.type === 'symlink' ? ` -> ${node.linktarget ?? ''}` : ''
  return `${modeText(node.mode)} ${owner} ${sizeText} ${localTime(node.mtime)} ${path}${target}`
}
