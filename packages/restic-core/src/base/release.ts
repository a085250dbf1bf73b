/** From Node 21 on, and everywhere since 2024. */
interface Transferable {
  readonly transfer?: (length: number) => ArrayBuffer
}

/**
 * Gives memory back now instead of when the collector comes by, which for many megabytes a second
 * is late. Nobody may use the bytes afterwards. Views of a part of a buffer are left alone, for
 * somebody else may use the rest.
 */
export function releaseBytes(bytes: Uint8Array): void {
  if (bytes.byteLength === bytes.buffer.byteLength) releaseOwned(bytes)
}

/** As `releaseBytes`, of what a kernel has returned: nobody else uses the buffer, filled or not. */
export function releaseOwned(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (buffer.byteLength < releasedMin || !(buffer instanceof ArrayBuffer)) return
  const { transfer } = buffer as Transferable
  transfer?.call(buffer, 0)
}

/** Below this the collector is quicker, and what small Buffers share is no larger than 64 KiB. */
const releasedMin = 128 * 1024
