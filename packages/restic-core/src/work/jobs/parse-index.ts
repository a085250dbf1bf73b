import { unwrapFile } from '../../format/envelope.ts'
import { type IndexColumns, columnBuffers, parseIndexFile } from '../../format/index-file.ts'
import { type MasterKey, open } from '../../format/seal.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { JobContext, JobRun } from '../pool.ts'

/** Opens an index file and reads it into columns. */
export interface ParseIndex {
  readonly input: SealedIndexFile
  readonly part: never
  readonly output: IndexColumns
}

export interface SealedIndexFile {
  readonly key: MasterKey
  readonly version: 1 | 2
  readonly sealed: Uint8Array
  /** names the file in errors */
  readonly what: string
}

// eslint-disable-next-line require-yield -- the whole result comes at the end
export function* parseIndex(
  input: ParseIndex['input'],
  { kernel }: JobContext,
): JobRun<'parseIndex'> {
  const value = openIndexFile(kernel, input)
  return { value, transfer: columnBuffers(value) }
}

/** @throws CorruptDataError naming the file */
export function openIndexFile(
  kernel: Kernel,
  { key, version, sealed, what }: SealedIndexFile,
): IndexColumns {
  return parseIndexFile(unwrapFile(kernel, version, open(kernel, key, sealed, what), what), what)
}
