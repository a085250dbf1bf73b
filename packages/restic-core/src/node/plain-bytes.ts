/** Buffer's `slice` shares memory where Uint8Array's copies; nobody shall meet the difference. */
export function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}
