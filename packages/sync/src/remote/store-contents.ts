import {
  type BlobWriter,
  type FileContent,
  FileStore,
  type Runtime,
  SourceError,
} from 'restic-core'
import type { FileStat } from '../files/folder-files.ts'

export interface ContentRequest {
  /** relative to the pack folder */
  readonly path: string
  readonly stat: Pick<FileStat, 'size'>
}

export interface ContentOptions {
  /** absolute path of the pack folder */
  readonly root: string
  /** how often a file that changes while it is read is read again */
  readonly rereads: number
  readonly onRead?: ((path: string, bytes: number) => void) | undefined
}

/** What became of a file: its content, or why it could not be read. */
export type StoredContents = ReadonlyMap<string, FileContent | SourceError>

/**
 * Cuts files and hands what is new of them to the writer. With a writer that stores nothing this
 * tells what the content is.
 */
export async function storeContents(
  blobs: BlobWriter,
  runtime: Runtime,
  files: Iterable<ContentRequest>,
  { root, rereads, onRead }: ContentOptions,
): Promise<StoredContents> {
  const stop = new AbortController()
  const signal = AbortSignal.any([blobs.signal, stop.signal])
  const store = new FileStore(runtime.pool, blobs, {
    signal,
    onFailure: (error) => stop.abort(error),
  })
  const results = new Map<string, FileContent | SourceError>()
  try {
    let wanted = [...files]
    for (let round = 0; wanted.length > 0; round++) {
      const unstable: ContentRequest[] = []
      for (const file of wanted) {
        const { path } = file
        await store.add({
          path: `${root}/${path}`,
          size: file.stat.size,
          onRead: (bytes) => onRead?.(path, bytes),
          done: (result) => {
            results.set(path, result)
            const isStable = result instanceof SourceError || result.isStable
            if (!isStable && round < rereads) unstable.push(file)
          },
        })
      }
      await store.finish()
      signal.throwIfAborted()
      wanted = unstable
    }
    return results
  } catch (error) {
    stop.abort(error)
    await store.settle()
    throw signal.reason
  }
}
