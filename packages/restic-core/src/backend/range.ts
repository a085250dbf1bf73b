import { BackendError } from '../base/errors.ts'
import { fileLabel, type ByteRange, type FileHandle } from './backend.ts'

/** A copy of a range. @throws BackendError 'short-read' when the file ends before it. */
export function cutRange(file: FileHandle, bytes: Uint8Array, range?: ByteRange): Uint8Array {
  if (!range) return bytes.slice()
  if (range.offset + range.length > bytes.length) throw shortRead(file, range, bytes.length)
  return bytes.slice(range.offset, range.offset + range.length)
}

/** A file that ends before the range that was asked for. */
export function shortRead(file: FileHandle, range: ByteRange, size: number): BackendError {
  const end = range.offset + range.length
  return new BackendError(
    `${fileLabel(file)} is too short: ${size} bytes, wanted ${range.offset} to ${end}`,
    'short-read',
  )
}
