import { KiB } from '../../base/bytes.ts'
import type { Kernel } from '../../kernel/kernel.ts'

/** Text becomes as small as restic's `auto` makes it. */
const thoroughLevel = 3
/** So do small files, of which there are many (bench/questions/first-backup-small-files.ts). */
const shortBlobLevel = 2
/** A third of the time on what does not compress, or only where it is zeros. */
const quickLevel = -5
/** A shorter blob is compressed before a sample of it is. */
const sampledLengthMin: number = 256 * KiB
const sampleCount = 3
const sampleLength: number = 16 * KiB
/** What the quick level may lose. */
const lossMaxRatio = 0.005

/**
 * The zstd level for a blob: the quick one when it does as well on a sample. It does on region files,
 * archives and pictures, most of a game instance.
 */
export function autoLevel(kernel: Pick<Kernel, 'compress'>, plaintext: Uint8Array): number {
  if (plaintext.length < sampledLengthMin) return shortBlobLevel
  const sample = sampleOf(plaintext)
  const thorough = kernel.compress(sample, thoroughLevel).length
  const quick = kernel.compress(sample, quickLevel).length
  return quick <= thorough + lossMaxRatio * sample.length ? quickLevel : thoroughLevel
}

/** Pieces from all over the blob: archives begin and end with lists. */
function sampleOf(plaintext: Uint8Array): Uint8Array {
  const sample = new Uint8Array(sampleCount * sampleLength)
  const step = Math.floor((plaintext.length - sampleLength) / (sampleCount + 1))
  for (let piece = 0; piece < sampleCount; piece++) {
    const start = (piece + 1) * step
    sample.set(plaintext.subarray(start, start + sampleLength), piece * sampleLength)
  }
  return sample
}
