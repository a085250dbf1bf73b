import { isResticError, type BackendReason } from '../base/errors.ts'
import type { Backend, FileInfo, NamedFileType } from '../backend/backend.ts'

/** A store that nothing was made in yet, and how to take it away. */
export interface BackendUnderTest {
  readonly backend: Backend
  cleanup(): Promise<void>
  /** Puts a file of somebody else's below the root of the repository. */
  readonly plant: (path: string, content: Uint8Array) => Promise<void>
}

/** Where stores may differ. */
export interface ExpectedTraits {
  /** What becomes of an upload under the name of another content. */
  readonly rewriting: 'refused' | 'replaces'
  /** What becomes of the same upload again. */
  readonly repeating: 'refused' | 'accepted'
  /** `locks` for an append-only store. */
  readonly removing: 'everything' | 'locks'
  /** Whether removing what is not there can be told from removing what is. */
  readonly absence: 'told' | 'silent'
}

/** What a rejection of a backend looks like when the same request can only fail again. */
export function rejection(reason: BackendReason): object {
  return { code: 'BACKEND', reason, permanent: true }
}

/** How a request ended, as a value: `done`, or the reason of the BackendError it was rejected with. */
export async function outcome(request: Promise<unknown>): Promise<'done' | BackendReason> {
  try {
    await request
    return 'done'
  } catch (error) {
    if (isResticError(error, 'BACKEND')) return error.reason
    throw error
  }
}

export async function listed(
  backend: Backend,
  type: NamedFileType,
  signal?: AbortSignal,
): Promise<readonly FileInfo[]> {
  const infos: FileInfo[] = []
  for await (const info of backend.list(type, { signal })) infos.push(info)
  return infos.toSorted(byName)
}

export function byName(a: FileInfo, b: FileInfo): number {
  return a.name < b.name ? -1 : 1
}
