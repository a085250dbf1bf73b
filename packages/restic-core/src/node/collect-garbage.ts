import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Collects this thread's garbage now. V8 does not count the memory of WebAssembly as work for its
 * collector, so what is dropped there stays for as long as the thread makes little other garbage.
 * A few milliseconds on a thread of ours, which has few objects.
 */
export function collectGarbage(): void {
  // Contexts that are made while the flag is set have the function, and no other has.
  setFlagsFromString('--expose-gc')
  try {
    const collect: unknown = runInNewContext('globalThis.gc')
    if (typeof collect === 'function') collect()
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
