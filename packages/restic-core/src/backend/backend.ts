import type { Cancellable } from '../base/cancel.ts'

export type FileType = 'config' | 'key' | 'lock' | 'snapshot' | 'index' | 'pack'
export type NamedFileType = Exclude<FileType, 'config'>

/** Names one file of a repository. The config file has no name of its own. */
export type FileHandle =
  | { readonly type: 'config' }
  | { readonly type: NamedFileType; readonly name: string }

export interface FileInfo {
  readonly name: string
  /** bytes */
  readonly size: number
}

export interface ByteRange {
  readonly offset: number
  readonly length: number
}

export interface ReadOptions extends Cancellable {
  /** Default: all of the file. */
  readonly range?: ByteRange | undefined
  /**
   * Memory for the content, which the caller uses again. Until the promise settles a store may put
   * the content there, if it fits, and then returns the beginning of it.
   */
  readonly into?: Uint8Array | undefined
}

/** What the layers above may assume about a store. */
export interface BackendTraits {
  /** how many requests it likes in flight at once */
  readonly connections: number
  /** true when `write` to an existing name replaces it as one step */
  readonly atomicReplace: boolean
}

/**
 * A flat store of named, immutable files. It never sees a key or a plaintext.
 * Every method rejects with BackendError, or with `signal.reason` when cancelled.
 */
export interface Backend extends AsyncDisposable {
  /** Safe to print: user names and passwords are removed. */
  readonly location: string
  readonly traits: BackendTraits
  /** Makes an empty store. Rejects with reason 'refused' when there is a config already. */
  create(options?: Cancellable): Promise<void>
  /**
   * Names with 64 lowercase hex digits, in no order; foreign files are left out. A store that has
   * no place for the type yet is empty, not an error.
   */
  list(type: NamedFileType, options?: Cancellable): AsyncIterable<FileInfo>
  stat(file: FileHandle, options?: Cancellable): Promise<FileInfo>
  /** Exactly `range.length` bytes, or rejects with reason 'short-read', permanent. */
  read(file: FileHandle, options?: ReadOptions): Promise<Uint8Array>
  /** The body is a list, not a stream, so that a retry can send it again. */
  write(file: FileHandle, body: readonly Uint8Array[], options?: Cancellable): Promise<void>
  /** Removing a file that is gone already rejects with reason 'not-found', where the store can tell. */
  remove(file: FileHandle, options?: Cancellable): Promise<void>
}

export type BackendLayer = (inner: Backend) => Backend

/**
 * Outermost last. A session has `layered(store, limit(), retry(runtime), cache.layer)`: what is in the
 * cache waits for nothing, and what waits for a retry holds no connection.
 */
export function layered(backend: Backend, ...layers: readonly BackendLayer[]): Backend {
  let result = backend
  for (const layer of layers) result = layer(result)
  return result
}

/** `pack/0123456789`, as messages name a file. */
export function fileLabel(file: FileHandle): string {
  return file.type === 'config' ? 'config' : `${file.type}/${file.name.slice(0, 10)}`
}
