/** As `set`, which copies into memory that threads share a byte at a time, and Buffer's `fill` does not. */
export function copyBytes(target: Uint8Array, bytes: Uint8Array, at: number): void {
  if (target.buffer instanceof ArrayBuffer) target.set(bytes, at)
  else if (bytes.length > 0) Buffer.prototype.fill.call(target, bytes, at, at + bytes.length)
}
