import type { Backend } from '../../backend/backend.ts'
import { overriding } from '../../backend/request.ts'
import type { RepositoryConfig } from '../../format/config.ts'
import type { IndexColumns } from '../../format/index-file.ts'
import type { MasterKey } from '../../format/seal.ts'
import type { Runtime } from '../../work/runtime.ts'
import { untilAborted } from '../../base/cancel.ts'
import type { PackId } from '../../base/id.ts'
import type { BlobWriter, WritingOptions } from '../api.ts'
import type { BlobIndex } from '../index/blob-index.ts'
import type { SaveIndexOptions } from '../index/save.ts'
import { PackingWriter } from './writer.ts'

/** What the session lends a writer. */
export interface WriterContext {
  readonly backend: Backend
  readonly runtime: Runtime
  readonly config: RepositoryConfig
  readonly masterKey: MasterKey
  readonly index: BlobIndex
  /** Writes one index file; resolves once the store has it. */
  saveIndex(columns: IndexColumns, options: SaveIndexOptions): Promise<unknown>
  /** Told before a pack of trees is uploaded: a cache wants to keep it. */
  readonly onTreePack?: ((pack: PackId) => void) | undefined
}

/**
 * Runs `work` with a place to put blobs. When it returns, open packs and then the index are
 * uploaded, so that whatever is written afterwards may refer to every blob. When it throws, what
 * was queued is dropped; packs that were uploaded lie there with nothing that refers to them.
 */
export async function writing<T>(
  context: WriterContext,
  work: (blobs: BlobWriter) => Promise<T>,
  options: WritingOptions = {},
): Promise<T> {
  const writer = new PackingWriter(held(context, options), options)
  try {
    const result = await work(writer)
    await writer.flush()
    return result
  } catch (error) {
    // An upload that failed is why the work was stopped, so it is the failure to tell.
    const reason: unknown = writer.signal.aborted ? writer.signal.reason : error
    await writer.abandon(reason)
    throw reason
  }
}

/** The same, but for writing: that waits until it may. */
function held(context: WriterContext, { mayWrite }: WritingOptions): WriterContext {
  if (mayWrite === undefined) return context
  const { backend } = context
  return {
    ...context,
    backend: overriding(backend, {
      async write(file, body, options) {
        await untilAborted(mayWrite, options?.signal)
        return backend.write(file, body, options)
      },
    }),
    async saveIndex(columns, options) {
      await untilAborted(mayWrite, options.signal)
      return context.saveIndex(columns, options)
    },
  }
}
