import { type FileReason, SourceError, TargetError } from '../base/errors.ts'
import { isSafeName } from '../format/name.ts'
import type { Node, NodeType } from '../format/node.ts'
import { parseTime } from '../format/time.ts'
import { childPath, rootPath } from '../operations/shared/item-path.ts'
import type { TargetEntry, TargetTree } from '../operations/shared/target-tree.ts'
import type { FileAccess, WritableFile } from '../work/files.ts'

/** What a memory target has at a path. Names of one file share the object. */
export interface MemoryEntry {
  readonly type: NodeType
  content: Uint8Array
  linkTarget: string
  links: number
  /** whose metadata was set last; undefined when nobody's was */
  node: Node | undefined
}

export interface MemoryTarget extends TargetTree {
  /** By path, in no order; without the root. */
  readonly entries: Map<string, MemoryEntry>
  /** What jobs need to write here: the files of the pool's context. */
  readonly files: FileAccess
}

export interface MemoryTargetOptions {
  /** Bytes of content that fit; more is answered as by a full disk. */
  readonly capacity?: number
  /** Letters in both cases are one name, as on many disks of Windows and macOS. */
  readonly foldsCase?: boolean
}

/** A target without a disk. Like a disk it refuses what does not fit together, and follows no symlink. */
export function memoryTarget(options: MemoryTargetOptions = {}): MemoryTarget {
  return new InMemory(options)
}

class InMemory implements MemoryTarget {
  readonly entries = new Map<string, MemoryEntry>()
  readonly files: FileAccess
  readonly #capacity: number
  readonly #foldsCase: boolean

  constructor({ capacity = Infinity, foldsCase = false }: MemoryTargetOptions) {
    this.#capacity = capacity
    this.#foldsCase = foldsCase
    this.files = {
      openForReading: (path) => this.#openForReading(path),
      openForWriting: (path) => this.#writable(path, this.#file(path)),
      create: (path) => this.#writable(path, this.#add(path, 'file')),
    }
  }

  acceptsName(name: string): boolean {
    return isSafeName(name)
  }

  nameKey(name: string): string {
    return this.#foldsCase ? name.toLowerCase() : name
  }

  filePath(path: string): string {
    return path
  }

  entry(path: string): TargetEntry | undefined {
    if (path === rootPath) return { type: 'dir', size: 0, mtimeNs: 0n, links: 1 }
    const found = this.entries.get(this.nameKey(path))
    if (found === undefined) return undefined
    const mtimeNs = found.node === undefined ? 0n : parseTime(found.node.mtime)
    return { type: found.type, size: found.content.length, mtimeNs, links: found.links }
  }

  list(path: string): string[] {
    const start = childPath(path, '')
    return [...this.entries.keys()]
      .filter((key) => key.startsWith(start) && !key.includes('/', start.length))
      .map((key) => key.slice(start.length))
  }

  makeDirectory(path: string): void {
    if (path === rootPath) return
    const there = this.entry(path)
    if (there !== undefined && there.type !== 'dir') this.remove(path)
    if (there?.type !== 'dir') this.#add(path, 'dir')
  }

  createFile(path: string, size: number): void {
    this.#writable(path, this.#add(path, 'file')).setSize(size)
  }

  prepareFile(path: string, size: number): void {
    this.#writable(path, this.#file(path)).setSize(size)
  }

  writeFile(path: string, bytes: Uint8Array, position: number): void {
    this.#writable(path, this.#file(path)).write(bytes, position)
  }

  makeSymlink(path: string, linkTarget: string): void {
    this.#add(path, 'symlink').linkTarget = linkTarget
  }

  makeHardLink(path: string, existing: string): void {
    const file = this.#file(existing)
    this.#add(path, 'file')
    this.entries.set(this.nameKey(path), file)
    file.links++
  }

  makeSpecial(path: string, node: Node): boolean {
    this.#add(path, node.type)
    return true
  }

  setMetadata(path: string, node: Node): readonly [] {
    const found = this.#existing(path)
    if (found.type !== node.type) throw failure(path, 'changed')
    found.node = node
    return []
  }

  remove(path: string): void {
    const found = this.#existing(path)
    if (found.type === 'dir' && this.list(path).length > 0) throw failure(path, 'changed')
    found.links--
    this.entries.delete(this.nameKey(path))
  }

  removeAll(path: string, onRemoved: (path: string) => void): void {
    if (this.#existing(path).type === 'dir') {
      for (const name of this.list(path)) this.removeAll(childPath(path, name), onRemoved)
    }
    this.remove(path)
    onRemoved(path)
  }

  #add(path: string, type: NodeType): MemoryEntry {
    const parent = path.slice(0, path.lastIndexOf('/')) || rootPath
    if (this.entry(parent)?.type !== 'dir') throw failure(path, 'not-found')
    if (this.entry(path) !== undefined) throw failure(path, 'changed')
    const added: MemoryEntry = {
      type,
      content: new Uint8Array(0),
      linkTarget: '',
      links: 1,
      node: undefined,
    }
    this.entries.set(this.nameKey(path), added)
    return added
  }

  #existing(path: string): MemoryEntry {
    const found = this.entries.get(this.nameKey(path))
    if (found === undefined) throw failure(path, 'not-found')
    return found
  }

  #file(path: string): MemoryEntry {
    const found = this.#existing(path)
    if (found.type === 'symlink') throw failure(path, 'unsafe')
    if (found.type !== 'file') throw failure(path, 'changed')
    return found
  }

  #writable(path: string, file: MemoryEntry): WritableFile {
    const setSize = (size: number): void => {
      const content = new Uint8Array(size)
      content.set(file.content.subarray(0, size))
      const before = file.content
      file.content = content
      if (this.#used() <= this.#capacity) return
      file.content = before
      throw failure(path, 'full')
    }
    return {
      write: (bytes, position) => {
        if (position + bytes.length > file.content.length) setSize(position + bytes.length)
        file.content.set(bytes, position)
      },
      setSize,
      close: () => {},
    }
  }

  #used(): number {
    let used = 0
    for (const { content } of this.entries.values()) used += content.length
    return used
  }

  #openForReading(path: string): ReturnType<FileAccess['openForReading']> {
    const found = this.entries.get(this.nameKey(path))
    if (found?.type !== 'file') {
      throw new SourceError(`cannot read ${path}: there is no such file`, path, 'not-found')
    }
    return {
      read: (into, position) => {
        const part = found.content.subarray(position, position + into.length)
        into.set(part)
        return part.length
      },
      state: () => ({ size: found.content.length, mtimeNs: 0n, ctimeNs: 0n, inode: 0n }),
      close: () => {},
    }
  }
}

function failure(path: string, reason: FileReason): TargetError {
  return new TargetError(`cannot write ${path}: ${reason}`, path, reason)
}
