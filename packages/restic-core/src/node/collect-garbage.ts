/**
 * Collects this thread's garbage soon. V8 does not count the memory of WebAssembly as work for its
 * collector, so what is dropped there stays for as long as the thread makes little other garbage.
 * A few milliseconds on a thread of ours, which has few objects. Never rejects: it is a courtesy.
 */
export async function collectGarbage(): Promise<void> {
  try {
    const { Session } = await import('node:inspector')
    const session = new Session()
    session.connect()
    // Within the callback V8 holds what disconnecting waits for.
    session.post('HeapProfiler.collectGarbage', () => setImmediate(() => session.disconnect()))
  } catch {
    // Some Nodes are built without an inspector, or may not use it.
  }
}
