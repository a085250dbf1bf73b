import type { Cancellable, Observed } from '../../base/cancel.ts'
import type { ResticError } from '../../base/errors.ts'
import type { Compression, IndexedRepository, StoredSnapshot } from '../../repository/api.ts'
import type { SourceEntry } from '../shared/source-tree.ts'
import type { BackupEvent } from './events.ts'
import type { ChangeRules } from './parent.ts'
import type { Target } from './targets.ts'

/** What archiving needs, and no more: it cannot prune, lock or change keys. */
export type ArchiveTarget = Pick<
  IndexedRepository,
  'writing' | 'saveSnapshot' | 'index' | 'runtime' | 'readTree' | 'readBlob' | 'readPack'
>

/**
 * What is left out, of targets too: what `byPath` or `byEntry` answers true to. Paths are those of the
 * source.
 */
export interface Exclusion {
  /** Asked before anything of the entry is read. */
  readonly byPath?: ((path: string) => boolean) | undefined
  readonly byEntry?: ((path: string, entry: SourceEntry) => boolean) | undefined
  /** Asked once for each directory: when it answers a name, only that entry is taken. */
  readonly onlyEntry?: ((path: string, names: readonly string[]) => string | undefined) | undefined
}

/** What the snapshot says beside its tree. */
export interface SnapshotFacts {
  /** absolute */
  readonly paths: readonly string[]
  readonly hostname: string
  readonly username: string
  readonly uid: number
  readonly gid: number
  readonly tags?: readonly string[] | undefined
  readonly excludes?: readonly string[] | undefined
  readonly programVersion: string
  /** nanoseconds since 1970; now, unless given */
  readonly timeNs?: bigint | undefined
}

export interface BackupOptions extends Cancellable, Observed<BackupEvent>, ChangeRules {
  readonly targets: readonly Target[]
  readonly snapshot: SnapshotFacts
  /** Its unchanged files are not read; its id goes into the snapshot. */
  readonly parent?: StoredSnapshot | undefined
  readonly exclusion?: Exclusion | undefined
  /** Store the times of last access, too; otherwise that of the last change stands in their place. */
  readonly withAtime?: boolean | undefined
  /** Decides about one entry that cannot be read. Default: 'abort'. */
  readonly onUnreadable?: ((path: string, error: ResticError) => 'skip' | 'abort') | undefined
  /** How often a file that changed while it was read is read again; 0 unless given. */
  readonly rereads?: number | undefined
  /** Store a snapshot that has no entries. Otherwise that is an error. */
  readonly allowEmpty?: boolean | undefined
  /** Write no snapshot when the tree is the parent's. */
  readonly skipIfUnchanged?: boolean | undefined
  /** Read and count everything, store nothing. */
  readonly dryRun?: boolean | undefined
  /** 'auto' unless given */
  readonly compression?: Compression | undefined
  /** bytes at which a pack is closed; 16 MiB unless given */
  readonly packSize?: number | undefined
  /** Open again what was sealed before it is uploaded. On unless said otherwise. */
  readonly verify?: boolean | undefined
  /** Nothing is stored before it resolves; see `WritingOptions`. */
  readonly mayWrite?: Promise<void> | undefined
}
