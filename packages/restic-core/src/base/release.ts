/** From Node 21 on, and everywhere since 2024. */
interface Transferable {
  readonly transfer?: (length: number) => ArrayBuffer
}

/**
 * Gives memory back now instead of when the collector comes by, which for many megabytes a second
 * is late. Nobody may use the bytes afterwards. Views of a part of a buffer are left alone.
 */
export function releaseBytes(bytes: Uint8Array): void {
  const { buffer } = bytes
  const unused = buffer.byteLength - bytes.byteLength
  if (bytes.byteLength < releasedMin || unused > unusedMax) return
  if (!(buffer instanceof ArrayBuffer)) return
  const { transfer } = buffer as Transferable
  transfer?.call(buffer, 0)
}

/** Decoders leave some bytes unused at the end of their buffer; more is somebody else's. */
const unusedMax = 16
/** Below this the collector is quicker. */
const releasedMin = 16 * 1024
