import { type BigIntStats, lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { modeFromStat, typeFromStat } from '../format/mode.ts'
import { nameFromBytes } from '../format/name.ts'
import type { ExtendedAttribute } from '../format/node.ts'
import type { SourceEntry, SourceTree } from '../operations/shared/source-tree.ts'
import { sourceError, systemCode } from './file-errors.ts'
import { type AccountNames, systemAccounts } from './names.ts'
import { osCalls } from './os-calls.ts'
import { nativePath } from './paths.ts'

/** The files of this machine. Relative paths start at the working directory. */
export function fileSource(options: { readonly accounts?: AccountNames } = {}): SourceTree {
  return new FileSource(options.accounts ?? systemAccounts())
}

class FileSource implements SourceTree {
  readonly #accounts: AccountNames
  readonly #calls = osCalls()

  constructor(accounts: AccountNames) {
    this.#accounts = accounts
  }

  list(path: string): string[] {
    try {
      return listNames(path)
    } catch (error) {
      throw sourceError('list', path, error)
    }
  }

  entry(path: string): SourceEntry {
    try {
      return this.#entry(lstatSync(nativePath(path), { bigint: true }))
    } catch (error) {
      throw sourceError('read', path, error)
    }
  }

  entryFollowed(path: string): SourceEntry {
    try {
      return this.#entry(statSync(nativePath(path), { bigint: true }))
    } catch (error) {
      throw sourceError('read', path, error)
    }
  }

  linkTarget(path: string): string {
    try {
      return nameFromBytes(readlinkSync(nativePath(path), 'buffer'))
    } catch (error) {
      throw sourceError('read the link', path, error)
    }
  }

  extendedAttributes(path: string, options: { readonly follow: boolean }): ExtendedAttribute[] {
    if (this.#calls === undefined) return []
    const bytes = Buffer.from(nativePath(path))
    const attributes: ExtendedAttribute[] = []
    try {
      for (const name of this.#calls.attributeNames(bytes, options)) {
        const value = this.#calls.attribute(bytes, name, options)
        if (value !== undefined) attributes.push({ name: nameFromBytes(name), value })
      }
      return attributes
    } catch (error) {
      // File systems without attributes say so; directories above the targets may be closed to us.
      const code = systemCode(error)
      if (code === 'ENOTSUP' || code === 'EOPNOTSUPP') return []
      if (options.follow && (code === 'EACCES' || code === 'EPERM')) return []
      throw sourceError('read the attributes of', path, error)
    }
  }

  #entry(stat: BigIntStats): SourceEntry {
    const mode = Number(stat.mode)
    const uid = Number(stat.uid)
    const gid = Number(stat.gid)
    return {
      type: typeFromStat(mode),
      mode: modeFromStat(mode),
      mtimeNs: stat.mtimeNs,
      atimeNs: stat.atimeNs,
      ctimeNs: stat.ctimeNs,
      uid,
      gid,
      user: this.#accounts.userName(uid),
      group: this.#accounts.groupName(gid),
      inode: stat.ino,
      deviceId: stat.dev,
      size: Number(stat.size),
      links: Number(stat.nlink),
      device: stat.rdev,
    }
  }
}

/** Names that are not UTF-8 show as U+FFFD when read as text; then all are read as bytes. */
function listNames(path: string): string[] {
  const native = nativePath(path === '' ? '.' : path)
  const names = readdirSync(native)
  if (!names.some((name) => name.includes('\ufffd'))) return names
  return readdirSync(native, { encoding: 'buffer' }).map((name) => nameFromBytes(name))
}
