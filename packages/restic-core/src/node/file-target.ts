import {
  type BigIntStats,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { resolve, sep } from 'node:path'
import { isResticError } from '../base/errors.ts'
import { hasBit, modeBits, modeToStat, typeFromStat } from '../format/mode.ts'
import { isSafeName, nameFromBytes, nameToBytes } from '../format/name.ts'
import type { Node } from '../format/node.ts'
import { childPath, rootPath } from '../operations/shared/item-path.ts'
import type { Keepable, TargetEntry, TargetTree } from '../operations/shared/target-tree.ts'
import type { WritableFile } from '../work/files.ts'
import { nodeFileAccess } from './file-access.ts'
import { systemCode, targetError } from './file-errors.ts'
import { MetadataSetter } from './file-metadata.ts'
import { makeFolders } from './folders.ts'
import { type AccountNames, systemAccounts } from './names.ts'
import { osCalls } from './os-calls.ts'
import { nativePath } from './paths.ts'

export interface FileTargetOptions {
  /**
   * The directory to restore into; it is made when it is missing. As restic does, a symlink to a
   * directory is replaced by one: nothing is written where it leads.
   */
  readonly root: string
  /** Look users and groups up by name, and take the numbers only where there is no such name. */
  readonly ownershipByName?: boolean | undefined
  /** Which extended attributes to set, and to remove where the snapshot has none. All unless given. */
  readonly selectAttribute?: ((name: string) => boolean) | undefined
  /**
   * Set no setuid, setgid and sticky bits, and leave directories to their owner to change: for what
   * is restored is not to be more than files of whoever restores it.
   */
  readonly plainPermissions?: boolean | undefined
  /** The accounts of this machine unless given. */
  readonly accounts?: AccountNames | undefined
}

const isWindows = process.platform === 'win32'
/** File systems where letters in both cases, composed or not, are one name. */
const foldsNames = isWindows || process.platform === 'darwin'
const files = nodeFileAccess()

/** Restores into a directory of this machine. */
export function fileTarget(options: FileTargetOptions): TargetTree {
  return new FileTarget(options)
}

class FileTarget implements TargetTree {
  readonly #root: string
  readonly #metadata: MetadataSetter
  readonly #isPlain: boolean

  constructor(options: FileTargetOptions) {
    const { root, ownershipByName, selectAttribute, accounts, plainPermissions = false } = options
    this.#isPlain = plainPermissions
    const absolute = resolve(root)
    this.#root = isWindows ? absolute.replaceAll(sep, '/') : absolute
    this.#metadata = new MetadataSetter({
      calls: osCalls(),
      accounts: ownershipByName ? (accounts ?? systemAccounts()) : undefined,
      selectAttribute: selectAttribute ?? (() => true),
    })
  }

  acceptsName(name: string): boolean {
    return isSafeName(name, isWindows)
  }

  nameKey(name: string): string {
    return foldsNames ? name.normalize('NFC').toLowerCase() : name
  }

  filePath(path: string): string {
    if (path === rootPath) return this.#root
    return this.#root === '/' ? path : this.#root + path
  }

  entry(path: string): TargetEntry | undefined {
    return this.#attempt('look at', path, (native) => {
      const stat = lstatSync(native, { bigint: true, throwIfNoEntry: false })
      return stat && targetEntry(stat)
    })
  }

  list(path: string): string[] {
    return this.#attempt('list', path, (native) => {
      if (isWindows) return readdirSync(native)
      return readdirSync(native, { encoding: 'buffer' }).map(nameFromBytes)
    })
  }

  makeDirectory(path: string): void {
    this.#attempt('make directory', path, (native) => {
      if (path === rootPath) {
        makeFolders(this.#root, 0o700)
        // What a link leads to is no target that anybody has looked at.
        if (lstatSync(native).isSymbolicLink()) takeDirectory(native)
        return
      }
      try {
        mkdirSync(native, 0o700)
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error
        takeDirectory(native)
      }
    })
  }

  createFile(path: string, size: number): void {
    const file = files.create(this.filePath(path))
    closing(file, () => {
      if (size > 0) file.setSize(size)
    })
  }

  prepareFile(path: string, size: number): void {
    const file = this.#openForWriting(path)
    closing(file, () => file.setSize(size))
  }

  writeFile(path: string, bytes: Uint8Array, position: number): void {
    const file = files.openForWriting(this.filePath(path))
    closing(file, () => file.write(bytes, position))
  }

  makeSymlink(path: string, linkTarget: string): void {
    this.#attempt('make symlink', path, (native) => symlinkSync(nativePath(linkTarget), native))
  }

  makeHardLink(path: string, existing: string): void {
    const from = nativePath(this.filePath(existing))
    this.#attempt('make hard link', path, (native) => linkSync(from, native))
  }

  makeSpecial(path: string, node: Node): boolean {
    const calls = osCalls()
    if (calls === undefined) return false
    // Nobody else may use it before its owner and permissions are set.
    const mode = (modeToStat(node.mode) & ~0o7777) | 0o600
    return this.#attempt('make', path, () =>
      // Only root may make devices; that is no reason to fail, and it is told in the end.
      tolerate(['EPERM'], () =>
        calls.makeNode(nameToBytes(this.filePath(path)), mode, node.device),
      ),
    )
  }

  setMetadata(path: string, node: Node): readonly Keepable[] {
    return this.#attempt('set the metadata of', path, () =>
      this.#metadata.set(this.filePath(path), this.#isPlain ? withPlainMode(node) : node),
    )
  }

  remove(path: string): void {
    this.#attempt('remove', path, (native) => {
      if (lstatSync(native).isDirectory()) rmdirSync(native)
      else unlinkSync(native)
    })
  }

  removeAll(path: string, onRemoved: (path: string) => void): void {
    if (this.entry(path)?.type === 'dir') {
      this.#attempt('open', path, takeDirectory)
      for (const name of this.list(path)) this.removeAll(childPath(path, name), onRemoved)
    }
    this.remove(path)
    onRemoved(path)
  }

  /** A file that was made read-only gets its permissions again at the end. */
  #openForWriting(path: string): WritableFile {
    const at = this.filePath(path)
    try {
      return files.openForWriting(at)
    } catch (error) {
      if (!isResticError(error, 'TARGET') || error.reason !== 'denied') throw error
      return this.#attempt('open', path, (native) => {
        chmodSync(native, 0o600)
        return files.openForWriting(at)
      })
    }
  }

  #attempt<Result>(
    action: string,
    path: string,
    call: (native: string | Buffer) => Result,
  ): Result {
    const at = this.filePath(path)
    try {
      return call(nativePath(at))
    } catch (error) {
      throw targetError(action, at, error)
    }
  }
}

function targetEntry(stat: BigIntStats): TargetEntry {
  return {
    type: typeFromStat(Number(stat.mode)),
    size: Number(stat.size),
    mtimeNs: stat.mtimeNs,
    links: Number(stat.nlink),
  }
}

/** Uses a directory that is there, also one we made read-only before; replaces anything else. */
function takeDirectory(native: string | Buffer): void {
  const stat = lstatSync(native)
  if (!stat.isDirectory()) {
    unlinkSync(native)
    mkdirSync(native, 0o700)
  } else if (!isWindows && (stat.mode & 0o700) !== 0o700) {
    chmodSync(native, (stat.mode & 0o7777) | 0o700)
  }
}

function closing(file: WritableFile, action: () => void): void {
  try {
    action()
  } finally {
    file.close()
  }
}

/** False when the system refused with one of these codes. */
function tolerate(codes: readonly string[], action: () => void): boolean {
  try {
    action()
    return true
  } catch (error) {
    if (codes.includes(systemCode(error) ?? '')) return false
    throw error
  }
}

const specialBits = [modeBits.setuid, modeBits.setgid, modeBits.sticky]
const ownerBits = [0o400, 0o200, 0o100]

function withPlainMode(node: Node): Node {
  let { mode } = node
  for (const bit of specialBits) if (hasBit(mode, bit)) mode -= bit
  if (node.type !== 'dir') return { ...node, mode }
  for (const bit of ownerBits) if (!hasBit(mode, bit)) mode += bit
  return { ...node, mode }
}
