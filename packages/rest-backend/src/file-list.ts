import * as z from 'zod'

/** Of one file; the size is only told by version 2 of the protocol. */
export interface ListedFile {
  readonly name: string
  /** bytes */
  readonly size: number | undefined
}

/**
 * What a server answers to a listing.
 *
 *     version 1   ["name", ...]
 *     version 2   [{"name": "...", "size": 123}, ...]
 *
 * Source: restic's documentation, section "REST Backend".
 */
const listJson = z.union([
  z.array(z.object({ name: z.string(), size: z.int().nonnegative() })),
  z.array(z.string()),
])

/** @throws Error when it is not JSON of that shape. */
export function parseFileList(body: Uint8Array): ListedFile[] {
  const list = listJson.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)))
  return list.map((entry) => (typeof entry === 'string' ? { name: entry, size: undefined } : entry))
}
