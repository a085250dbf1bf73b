/**
 * Which pushes a snapshot builds on: for each device the number of its latest one. Unlike a chain of
 * parents it survives that an operator forgets snapshots in between, so the rest stays in order.
 * (The literature calls this a version vector.)
 */
export type Seen = Readonly<Record<string, number>>

/** Whether all of `older` is in `newer`, and something more. */
export function isOlder(older: Seen, newer: Seen): boolean {
  let isStrict = false
  for (const device of new Set([...Object.keys(older), ...Object.keys(newer)])) {
    const before = older[device] ?? 0
    const after = newer[device] ?? 0
    if (before > after) return false
    if (before < after) isStrict = true
  }
  return isStrict
}

/** All that any of them builds on. */
export function mergedSeen(all: readonly (Seen | undefined)[]): Seen {
  const merged: Record<string, number> = {}
  for (const seen of all) {
    for (const [device, count] of Object.entries(seen ?? {})) {
      merged[device] = Math.max(merged[device] ?? 0, count)
    }
  }
  return merged
}

/** The number of a device's latest push, as far as any of the snapshots tells. */
export function pushCount(
  { snapshots }: { readonly snapshots: Iterable<{ readonly seen?: Seen | undefined }> },
  device: string,
): number {
  let count = 0
  for (const { seen } of snapshots) count = Math.max(count, seen?.[device] ?? 0)
  return count
}

export function withPush(seen: Seen, device: string): Seen {
  return { ...seen, [device]: (seen[device] ?? 0) + 1 }
}
