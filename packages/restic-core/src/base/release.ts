/** From Node 21 on, and everywhere since 2024. */
interface Transferable {
  readonly transfer?: (length: number) => ArrayBuffer
}

/**
 * Gives memory back now instead of when the collector comes by, which for many megabytes a second
 * is late, and which then comes by too often. Nobody may use the bytes afterwards. Views of a part
 * of a buffer are left alone, for somebody else may use the rest.
 */
export function releaseBytes(bytes: Uint8Array): void {
  if (bytes.byteLength === bytes.buffer.byteLength) release(bytes.buffer, releasedMin)
}

/** As `releaseBytes`, of what a kernel has returned: nobody else uses the buffer, filled or not. */
export function releaseOwned(bytes: Uint8Array): void {
  release(bytes.buffer, sharedMax + 1)
}

function release(buffer: ArrayBufferLike, lengthMin: number): void {
  if (buffer.byteLength < lengthMin || !(buffer instanceof ArrayBuffer)) return
  const { transfer } = buffer as Transferable
  transfer?.call(buffer, 0)
}

/** Below this the collector is quicker. */
const releasedMin = 32 * 1024
/** What small Buffers of Node share is no larger, and must not be given back. */
const sharedMax = 128 * 1024
