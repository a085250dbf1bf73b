import type {
  Backend,
  InitOptions,
  RepositoryId,
  Runtime,
  SessionCache,
  SourceTree,
  TargetTree,
  Timer,
} from 'restic-core'
import type { FolderFiles } from './files/folder-files.ts'
import type { FileSystemRules } from './plan/names.ts'
import type { InstanceLocation } from './remote/location.ts'

/** Everything the sync layer asks of the machine it runs on. Node's is the default. */
export interface Platform {
  readonly hostname: string
  readonly timer: Timer
  readonly pid: number
  /** Which processes `pid` is of: containers of one machine count their own. '' for all of a machine. */
  readonly processSpace: string
  /** When a process of this machine began; undefined when it does not run, '' when one cannot tell. */
  processStart(pid: number): string | undefined
  /** A folder by its path; the path becomes absolute. */
  files(packFolder: string): FolderFiles
  /** What the folder's file system allows; may ask it by making a file in the cache folder. */
  rules(files: FolderFiles): Promise<FileSystemRules>
  /** Reads metadata of local files, by absolute path. */
  source(): SourceTree
  /** Where fetched files are put, by absolute path. */
  target(root: string): TargetTree
  /** Compute, threads, time and randomness for one command, which disposes it. */
  runtime(): Promise<Runtime>
  openStore(location: InstanceLocation): Promise<Backend>
  /** Bytes that may still be stored there; undefined when that cannot be asked. */
  storeFreeBytes(location: InstanceLocation): Promise<number | undefined>
  sessionCache(folder: string): (repository: RepositoryId) => SessionCache
  /** How hard it is to try passwords of a new repository. Measured unless given. */
  readonly keyCost?: InitOptions['cost'] | undefined
}
