import { setTimeout } from 'node:timers/promises'
import type { ByteRate } from 'restic-core/backend'

/** Waits until `length` bytes more may be moved. */
export async function waitFor(
  rate: ByteRate | undefined,
  length: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const ms = rate?.spend(length) ?? 0
  if (ms > 0) await setTimeout(ms, undefined, { signal })
}
