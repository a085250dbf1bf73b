import type { LockHolder } from 'restic-core'
import type { FetchEvent } from './apply/stage.ts'
import type { Recovery } from './apply/change-folder.ts'
import type { LockWaitEvent } from './state/folder-lock.ts'
import type { ScanNote } from './tree/scan.ts'

/** What a command tells while it works. Sizes are bytes. */
export type SyncEvent =
  | FetchEvent
  | LockWaitEvent
  /** the repository is locked by somebody else; it is tried again for a while */
  | { readonly type: 'locked'; readonly holders: readonly LockHolder[] }
  /** a pull or restore that was interrupted before was finished, or undone */
  | { readonly type: 'recovered'; readonly how: Recovery }
  /** something about an entry that a person may want to know */
  | { readonly type: 'note'; readonly note: ScanNote }
  /** so much of the files that may have changed has been read, and stored where it is new */
  | {
      readonly type: 'read'
      readonly bytes: number
      readonly bytesTotal: number
      readonly filesTotal: number
    }
  /** a pack is on the server */
  | { readonly type: 'sent'; readonly bytes: number }
  /** an interrupted push had sent these packs; they are not sent again */
  | { readonly type: 'resumed'; readonly packs: number }
  /** a request failed and is made again */
  | { readonly type: 'retry'; readonly message: string }
