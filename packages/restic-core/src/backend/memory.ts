import { concatBytes, equalBytes } from '../base/bytes.ts'
import type { Cancellable } from '../base/cancel.ts'
import { BackendError } from '../base/errors.ts'
import { isId } from '../base/id.ts'
import { fileLabel, type Backend, type FileHandle } from './backend.ts'
import { folderOf, nameOf, pathOf } from './layout.ts'
import { cutRange } from './range.ts'

export interface MemoryBackend extends Backend {
  /** What is stored now, by path as in a folder: `config`, `data/ab/ab…`. Later writes leave it alone. */
  files(): Map<string, Uint8Array>
}

export interface MemoryBackendOptions {
  /** What is there from the start, for instance the `files()` of a store whose user crashed. */
  readonly files?: ReadonlyMap<string, Uint8Array> | undefined
  readonly connections?: number | undefined
}

/** A store that lives as long as the value. The reference for what the others have to do. */
export function memoryBackend(options: MemoryBackendOptions = {}): MemoryBackend {
  const stored = new Map(options.files)

  function find(file: FileHandle, { signal }: Cancellable): Uint8Array {
    signal?.throwIfAborted()
    const bytes = stored.get(pathOf(file))
    if (!bytes) throw new BackendError(`${fileLabel(file)} does not exist`, 'not-found')
    return bytes
  }

  return {
    location: 'memory',
    traits: { connections: options.connections ?? 8, atomicReplace: false },

    async create({ signal } = {}) {
      signal?.throwIfAborted()
      if (stored.has('config')) {
        throw new BackendError('there is a repository here already', 'refused')
      }
    },

    async *list(type, { signal } = {}) {
      signal?.throwIfAborted()
      const folder = `${folderOf(type)}/`
      for (const [path, bytes] of Array.from(stored)) {
        const name = path.slice(path.lastIndexOf('/') + 1)
        if (!path.startsWith(folder) || !isId(name)) continue
        signal?.throwIfAborted()
        yield { name, size: bytes.length }
      }
    },

    async stat(file, statOptions = {}) {
      return { name: nameOf(file), size: find(file, statOptions).length }
    },

    async read(file, readOptions = {}) {
      return cutRange(file, find(file, readOptions), readOptions.range)
    },

    async write(file, body, { signal } = {}) {
      signal?.throwIfAborted()
      const path = pathOf(file)
      const bytes = concatBytes(body)
      const present = stored.get(path)
      if (present && !equalBytes(present, bytes)) {
        throw new BackendError(`${fileLabel(file)} exists with other content`, 'refused')
      }
      stored.set(path, bytes)
    },

    async remove(file, removeOptions = {}) {
      find(file, removeOptions)
      stored.delete(pathOf(file))
    },

    files: () => new Map(stored),
    [Symbol.asyncDispose]: async () => {},
  }
}
