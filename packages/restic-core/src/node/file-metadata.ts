import { type BigIntStats, chmodSync, lchownSync, lstatSync, lutimesSync } from 'node:fs'
import { TargetError } from '../base/errors.ts'
import { permissionsToStat, typeFromStat } from '../format/mode.ts'
import { nameFromBytes, nameToBytes } from '../format/name.ts'
import type { ExtendedAttribute, Node } from '../format/node.ts'
import { parseTime } from '../format/time.ts'
import type { Keepable } from '../operations/shared/target-tree.ts'
import { systemCode } from './file-errors.ts'
import type { AccountNames } from './names.ts'
import type { OsCalls } from './os-calls.ts'
import { nativePath } from './paths.ts'

export interface MetadataOptions {
  /** undefined where Node has no way to call the system */
  readonly calls: OsCalls | undefined
  /** Owners go by name where it is known here; undefined: by number. */
  readonly accounts: AccountNames | undefined
  readonly selectAttribute: (name: string) => boolean
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

const isWindows = process.platform === 'win32'
/** What file systems and containers answer that have no such thing, or no right to it. */
const refusals = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']

/** Gives entries their owner, attributes, times and permissions, as far as the system lets us. */
export class MetadataSetter {
  readonly #options: MetadataOptions
  /** Owners that were refused once, so that each further entry need not be refused too. */
  readonly #refusedOwners = new Set<string>()

  constructor(options: MetadataOptions) {
    this.#options = options
  }

  set(path: string, node: Node): readonly Keepable[] {
    const owner = this.#ownerOf(node)
    // What this process makes is its own, so mostly that much is done.
    if (isWindows || isOwn(owner)) {
      const lacking = this.#set(path, node, owner)
      if (!lacking.includes('ownership')) return lacking
    }
    this.#setOwner(path, owner)
    return this.#set(path, node, owner)
  }

  /**
   * The order matters: a new owner clears setuid and some attributes, attributes change times, and
   * permissions may forbid all of it. Then the entry is looked at, and what is not as wanted is
   * returned.
   */
  #set(path: string, node: Node, owner: Owner): readonly Keepable[] {
    const native = nativePath(path)
    const lacking: Keepable[] = []
    if (!this.#setAttributes(path, node.extendedAttributes ?? [])) {
      lacking.push('extended attributes')
    }
    if (node.genericAttributes !== undefined) lacking.push('windows attributes')
    const mtimeNs = parseTime(node.mtime)
    const atimeNs = node.atime === node.mtime ? mtimeNs : parseTime(node.atime)
    this.#setTimes(path, native, { atimeNs, mtimeNs })
    const stat = lstatSync(native, { bigint: true })
    if (typeFromStat(Number(stat.mode)) !== node.type) {
      throw new TargetError(`${path} is no longer what was restored`, path, 'changed')
    }
    if (stat.mtimeNs !== mtimeNs) lacking.push('exact times')
    if (!isWindows && !isOwner(stat, owner)) lacking.push('ownership')
    if (!setPermissions(native, node, stat, owner)) lacking.push('permissions')
    return lacking
  }

  #ownerOf({ uid, gid, user, group }: Node): Owner {
    const { accounts } = this.#options
    return { uid: accounts?.uidOf(user) ?? uid, gid: accounts?.gidOf(group) ?? gid }
  }

  #setOwner(path: string, { uid, gid }: Owner): void {
    const owner = `${uid}:${gid}`
    if (this.#refusedOwners.has(owner)) return
    if (!tolerate(() => lchownSync(nativePath(path), uid, gid))) this.#refusedOwners.add(owner)
  }

  /** False when some could not be set. */
  #setAttributes(path: string, wanted: readonly ExtendedAttribute[]): boolean {
    const { calls, selectAttribute } = this.#options
    const selected = wanted.filter(({ name }) => selectAttribute(name))
    if (calls === undefined) return selected.length === 0
    const bytes = nameToBytes(path)
    const names = new Set(selected.map(({ name }) => name))
    let complete = true
    for (const { name, value } of selected) {
      const content = value ?? new Uint8Array(0)
      if (!tolerate(() => calls.setAttribute(bytes, nameToBytes(name), content))) complete = false
    }
    tolerate(() => {
      for (const there of calls.attributeNames(bytes, { follow: false })) {
        const name = nameFromBytes(there)
        if (names.has(name) || !selectAttribute(name)) continue
        tolerate(() => calls.removeAttribute(bytes, there))
      }
    })
    return complete
  }

  #setTimes(
    path: string,
    native: string | Buffer,
    times: { readonly atimeNs: bigint; readonly mtimeNs: bigint },
  ): void {
    const { calls } = this.#options
    if (calls) calls.setTimes(nameToBytes(path), times)
    else lutimesSync(native, secondsText(times.atimeNs), secondsText(times.mtimeNs))
  }
}

/**
 * node:fs takes times as doubles, which are some 200 ns apart in our days. As a text, because it
 * takes negative numbers for the present.
 */
function secondsText(ns: bigint): string {
  return String(Number(ns / 1_000_000_000n) + Number(ns % 1_000_000_000n) / 1e9)
}

function isOwn({ uid, gid }: Owner): boolean {
  return uid === process.geteuid?.() && gid === process.getegid?.()
}

function isOwner(
  stat: BigIntStats,
  owner: { readonly uid: number; readonly gid: number },
): boolean {
  return Number(stat.uid) === owner.uid && Number(stat.gid) === owner.gid
}

/**
 * False when not all of them could be given. Symlinks have none of their own. A program that would
 * run as its owner does not, when that is not the owner it was stored with.
 */
function setPermissions(
  native: string | Buffer,
  node: Node,
  stat: BigIntStats,
  owner: Owner,
): boolean {
  if (node.type === 'symlink') return true
  const stored = permissionsToStat(node.mode)
  const wanted = node.type === 'dir' ? stored : withoutForeignRights(stored, stat, owner)
  const current = Number(stat.mode) & 0o7777
  // Windows knows one bit, whether the file can be written to.
  const isSet = isWindows ? (wanted & 0o200) === (current & 0o200) : wanted === current
  return (isSet || tolerate(() => chmodSync(native, wanted))) && wanted === stored
}

const setuid = 0o4000
const setgid = 0o2000

function withoutForeignRights(permissions: number, stat: BigIntStats, owner: Owner): number {
  let allowed = permissions
  if (Number(stat.uid) !== owner.uid) allowed &= ~setuid
  if (Number(stat.gid) !== owner.gid) allowed &= ~setgid
  return allowed
}

/** False when the system refuses such things as a rule; other failures are thrown. */
function tolerate(action: () => void): boolean {
  try {
    action()
    return true
  } catch (error) {
    if (refusals.includes(systemCode(error) ?? '')) return false
    throw error
  }
}
