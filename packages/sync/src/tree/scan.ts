import { type Cancellable, isResticError } from 'restic-core'
import { type FileStat, type FolderFiles, joined } from '../files/folder-files.ts'
import type { FileSystemRules } from '../plan/names.ts'
import type { Scope } from '../scope/scope.ts'
import { type Entry, emptyFolder } from './entry.ts'
import { type ScanCache, fileSystemNow, sameStat } from './scan-cache.ts'

/** Something about the folder that a person may want to know. */
export interface ScanNote {
  readonly path: string
  readonly kind:
    /** a pipe, a device, a socket: never synced */
    | 'special'
    /** could not be read; it counts as unchanged */
    | 'unreadable'
    /** a symlink in place of a folder: only the link itself is synced */
    | 'linked-folder'
}

export interface Scan {
  /** All that is known without reading a file's content. */
  readonly entries: ReadonlyMap<string, Entry>
  /** Files whose content has to be read. */
  readonly unread: ReadonlyMap<string, FileStat>
  /** of every file in scope */
  readonly stats: ReadonlyMap<string, FileStat>
  /** the file system's time before anything was looked at */
  readonly nowNs: bigint
  readonly notes: readonly ScanNote[]
}

/** Entries looked at before others get a turn. */
const turnLength = 500

/**
 * Looks at every entry in scope. A file whose stat is that of the cache is not read.
 *
 * @param executableOf whether a file counts as executable where the file system cannot tell
 */
export async function scanFolder(
  files: FolderFiles,
  scope: Scope,
  cache: ScanCache,
  options: Cancellable & {
    readonly rules: Pick<FileSystemRules, 'hasExecutableBit'>
    readonly executableOf?: ((path: string) => boolean) | undefined
  },
): Promise<Scan> {
  const nowNs = await fileSystemNow(files)
  const scanner = new Scanner(files, scope, cache, options)
  await scanner.folder('')
  return { ...scanner.result(), nowNs }
}

class Scanner {
  readonly #entries = new Map<string, Entry>()
  readonly #unread = new Map<string, FileStat>()
  readonly #stats = new Map<string, FileStat>()
  readonly #notes: ScanNote[] = []
  readonly #files: FolderFiles
  readonly #scope: Scope
  readonly #cache: ScanCache
  readonly #options: Parameters<typeof scanFolder>[3]
  #looked = 0

  constructor(
    files: FolderFiles,
    scope: Scope,
    cache: ScanCache,
    options: Parameters<typeof scanFolder>[3],
  ) {
    this.#files = files
    this.#scope = scope
    this.#cache = cache
    this.#options = options
  }

  result(): Omit<Scan, 'nowNs'> {
    return {
      entries: this.#entries,
      unread: this.#unread,
      stats: this.#stats,
      notes: this.#notes,
    }
  }

  /** Whether anything in the folder is in scope. */
  async folder(path: string): Promise<boolean> {
    let names: string[]
    try {
      names = this.#files.list(path)
    } catch (error) {
      // Without its root there is nothing to compare; whoever asked must know.
      if (path === '' || !isResticError(error, 'SOURCE')) throw error
      if (error.reason === 'not-found') return false
      return this.#unreadable(path)
    }
    let isFilled = false
    for (const name of names) {
      if (++this.#looked % turnLength === 0) await nextTurn(this.#options)
      const inside = joined(path, name)
      const found = this.#entry(inside)
      if (found === 'folder' ? await this.#folderEntry(inside) : found) isFilled = true
    }
    return isFilled
  }

  /** Whether something in scope is there; of a folder that takes a look inside. */
  #entry(path: string): boolean | 'folder' {
    let stat: FileStat | undefined
    try {
      stat = this.#files.stat(path)
    } catch (error) {
      if (!isResticError(error, 'SOURCE')) throw error
      return this.#scope.includes(path, false) && this.#unreadable(path)
    }
    if (stat === undefined) return false
    if (stat.type === 'folder') return 'folder'
    if (!this.#scope.includes(path, false)) return false
    if (stat.type === 'file') return this.#file(path, stat)
    if (stat.type === 'symlink') return this.#link(path)
    this.#notes.push({ path, kind: 'special' })
    return false
  }

  async #folderEntry(path: string): Promise<boolean> {
    if (!this.#scope.reaches(path)) return false
    if (await this.folder(path)) return true
    if (!this.#scope.includes(path, true)) return false
    this.#entries.set(path, emptyFolder)
    return true
  }

  #file(path: string, stat: FileStat): true {
    this.#stats.set(path, stat)
    const known = this.#cache.get(path)
    if (known === undefined || !sameStat(known.stat, stat)) this.#unread.set(path, stat)
    else {
      const executable = isExecutable(path, stat, this.#options)
      const { entry } = known
      this.#entries.set(path, entry.executable === executable ? entry : { ...entry, executable })
    }
    return true
  }

  #link(path: string): boolean {
    try {
      const target = this.#files.linkTarget(path)
      this.#entries.set(path, { type: 'symlink', target })
      if (leadsToFolder(this.#files, path)) this.#notes.push({ path, kind: 'linked-folder' })
      return true
    } catch (error) {
      if (!isResticError(error, 'SOURCE')) throw error
      return error.reason !== 'not-found' && this.#unreadable(path)
    }
  }

  #unreadable(path: string): true {
    this.#entries.set(path, { type: 'unreadable' })
    this.#notes.push({ path, kind: 'unreadable' })
    return true
  }
}

export function isExecutable(
  path: string,
  stat: FileStat,
  options: Pick<Parameters<typeof scanFolder>[3], 'rules' | 'executableOf'>,
): boolean {
  if (options.rules.hasExecutableBit) return (stat.permissions & 0o100) !== 0
  return options.executableOf?.(path) ?? false
}

/** Only asked to warn: a link that leads nowhere, or where we may not look, is a link like others. */
function leadsToFolder(files: FolderFiles, path: string): boolean {
  try {
    files.list(path)
    return true
  } catch (error) {
    if (isResticError(error, 'SOURCE')) return false
    throw error
  }
}

async function nextTurn({ signal }: Cancellable): Promise<void> {
  signal?.throwIfAborted()
  await new Promise((resolve) => {
    setTimeout(resolve, 0)
  })
}
