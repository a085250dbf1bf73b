/**
 * The same bytes alone in their buffer, for handing them to another thread: a buffer can move only
 * as a whole, and others may have theirs in it too.
 */
export function inOwnBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes)
}
