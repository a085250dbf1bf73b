import * as z from 'zod'
import { type SnapshotId, asId } from 'restic-core'
import type { Seen } from './seen.ts'

/** On every snapshot that the sync layer makes. */
export const syncTag = 'instance-sync'
/** A state that is stored only so that it is not lost. */
export const sideTag = 'side'
/** Some files could not be read, or changed while they were. */
export const partialTag = 'partial'

const settlesPattern = /^settles:([0-9a-f]{64})$/

export function settlesTag(id: SnapshotId): string {
  return `settles:${id}`
}

/** The snapshots that the tags say this one settles. */
export function settledBy(tags: readonly string[]): SnapshotId[] {
  return tags.flatMap((tag) => {
    const id = settlesPattern.exec(tag)?.[1]
    return id === undefined ? [] : [asId<'snapshot'>(id)]
  })
}

/** The key in a snapshot's JSON under which the sync layer keeps what is its own. */
const extraKey = 'instance_sync'
const extraJson = z.object({ seen: z.record(z.string(), z.number().int().nonnegative()) })

export function extraOf(seen: Seen): Readonly<Record<string, unknown>> {
  return { [extraKey]: { seen } }
}

/** Other programs may have written anything there; what is not ours is no knowledge. */
export function seenOf(extra: Readonly<Record<string, unknown>> | undefined): Seen | undefined {
  const parsed = extraJson.safeParse(extra?.[extraKey])
  return parsed.success ? parsed.data.seen : undefined
}
