import { KiB } from '../base/bytes.ts'
import { freshMemory } from '../portable/web-assembly.ts'

const pageLength = 4 * KiB
const pages = 64
/** Machines of their own take 0.1 to 0.3, guests with hardware for page tables up to 2, others 11. */
const dearMicroseconds = 4

/**
 * Whether memory that nobody has touched yet is dear, as in guests whose host keeps their page tables:
 * there 100 MiB cost 0.3 s before anything is done with them. Takes as long as 64 such pages.
 */
export function isMemoryDear(nowMs: () => number = () => performance.now()): boolean {
  const memory = freshMemory(pages * pageLength)
  const startMs = nowMs()
  for (let at = 0; at < memory.length; at += pageLength) memory[at] = 1
  return (nowMs() - startMs) * 1000 > pages * dearMicroseconds
}
