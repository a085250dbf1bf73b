/** What a restore must bring back of a folder, in a form that tests compare. */
import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'

export interface EntryState {
  /** Bytes of the path below the folder, one character a byte. */
  readonly path: string
  readonly type: 'file' | 'dir' | 'symlink' | 'fifo' | 'other'
  /** Permissions with setuid, setgid and sticky, octal; links have none of their own. */
  readonly mode: string
  readonly mtimeNs: bigint
  /** SHA-256 of a file's content, the target of a link. */
  readonly content?: string
  /** The first path of the same file, where there is another. */
  readonly linkedTo?: string
}

/** Every entry below a folder, in order of path. */
export function folderState(folder: string): EntryState[] {
  const first = new Map<string, string>()
  const entries: EntryState[] = []
  const root = Buffer.from(folder)
  const visit = (path: Buffer, shown: string): void => {
    const names = readdirSync(path, { encoding: 'buffer' }).toSorted((a, b) => Buffer.compare(a, b))
    for (const name of names) {
      const inner = Buffer.concat([path, Buffer.from('/'), name])
      const innerShown = `${shown}/${name.toString('latin1')}`
      const entry = entryState(inner, innerShown, first)
      entries.push(entry)
      if (entry.type === 'dir') visit(inner, innerShown)
    }
  }
  visit(root, '')
  return entries
}

function entryState(path: Buffer, shown: string, first: Map<string, string>): EntryState {
  const stat = lstatSync(path, { bigint: true })
  const common = { path: shown, mode: (stat.mode & 0o7777n).toString(8), mtimeNs: stat.mtimeNs }
  if (stat.isDirectory()) return { ...common, type: 'dir' }
  if (stat.isSymbolicLink()) {
    const content = readlinkSync(path, { encoding: 'buffer' }).toString('latin1')
    return { ...common, mode: '', type: 'symlink', content }
  }
  if (stat.isFIFO()) return { ...common, type: 'fifo' }
  if (!stat.isFile()) return { ...common, type: 'other' }
  const content = createHash('sha256').update(readFileSync(path)).digest('hex')
  const file = `${stat.dev}:${stat.ino}`
  const linkedTo = first.get(file)
  if (linkedTo !== undefined) return { ...common, type: 'file', content, linkedTo }
  first.set(file, shown)
  return { ...common, type: 'file', content }
}

/**
 * Without what a Node that has no way to set them exactly cannot keep: times below a microsecond,
 * and the fifos it cannot make.
 */
export function asNodeRestores(entries: readonly EntryState[]): EntryState[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 26 || (major === 26 && minor >= 9)) return [...entries]
  return entries
    .filter(({ type }) => type !== 'fifo')
    .map((entry) => ({ ...entry, mtimeNs: (entry.mtimeNs + 500n) / 1000n }))
}
