import { totalLength } from '../base/bytes.ts'
import type { Backend, FileType } from '../backend/backend.ts'
import { overriding, type BackendOperation } from '../backend/request.ts'

export interface RequestCount {
  /** calls, whatever became of them; a listing is one */
  readonly requests: number
  /** content that was read or written in the calls that succeeded */
  readonly bytes: number
}

export interface CountingBackend extends Backend {
  /** By operation and type: `{ 'read index': { requests: 2, bytes: 512 } }`. Absent: never asked. */
  counts(): Readonly<Record<string, RequestCount>>
  /** All requests of an operation, or of an operation on a type. */
  requests(operation: BackendOperation, type?: FileType): number
  /** Content read or written, likewise. */
  bytes(operation: 'read' | 'write', type?: FileType): number
  reset(): void
}

/** Counts what is asked of a store, so that a test can say what a job may cost. */
export function countingBackend(inner: Backend): CountingBackend {
  const counted = new Map<string, RequestCount>()

  function add(key: string, requests: number, bytes: number): void {
    const before = counted.get(key) ?? { requests: 0, bytes: 0 }
    counted.set(key, { requests: before.requests + requests, bytes: before.bytes + bytes })
  }

  function sum(
    field: keyof RequestCount,
    operation: BackendOperation,
    type: FileType | undefined,
  ): number {
    let total = 0
    for (const [key, count] of counted) {
      const [counting, countedType] = key.split(' ')
      if (counting === operation && (type === undefined || countedType === type)) {
        total += count[field]
      }
    }
    return total
  }

  return {
    ...overriding(inner, {
      create: (options) => {
        add('create', 1, 0)
        return inner.create(options)
      },
      list: (type, options) => {
        add(`list ${type}`, 1, 0)
        return inner.list(type, options)
      },
      stat: (file, options) => {
        add(`stat ${file.type}`, 1, 0)
        return inner.stat(file, options)
      },
      async read(file, options) {
        add(`read ${file.type}`, 1, 0)
        const bytes = await inner.read(file, options)
        add(`read ${file.type}`, 0, bytes.length)
        return bytes
      },
      async write(file, body, options) {
        add(`write ${file.type}`, 1, 0)
        await inner.write(file, body, options)
        add(`write ${file.type}`, 0, totalLength(body))
      },
      remove: (file, options) => {
        add(`remove ${file.type}`, 1, 0)
        return inner.remove(file, options)
      },
    }),
    counts: () => Object.fromEntries(counted),
    requests: (operation, type) => sum('requests', operation, type),
    bytes: (operation, type) => sum('bytes', operation, type),
    reset: () => counted.clear(),
  }
}
