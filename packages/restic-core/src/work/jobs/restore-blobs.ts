import { toHex } from '../../base/bytes.ts'
import { isResticError } from '../../base/errors.ts'
import type { BlobId } from '../../base/id.ts'
import { openBlob } from '../../format/blob.ts'
import type { MasterKey } from '../../format/seal.ts'
import type { WritableFile } from '../files.ts'
import { type JobError, encodeJobError } from '../job-error.ts'
import type { JobContext, JobRun } from '../pool.ts'
import { writeWithHoles } from './holes.ts'

/** Opens the blobs in a stretch of a pack and writes them where they belong. */
export interface RestoreBlobs {
  readonly input: {
    readonly key: MasterKey
    /** as people name the pack */
    readonly what: string
    /** in memory that is shared */
    readonly stretch: Uint8Array
    readonly blobs: StretchBlobs
    readonly writes: StretchWrites
    readonly files: readonly FileToWrite[]
  }
  readonly part: never
  readonly output: {
    /** Nothing was written of these. */
    readonly damaged: readonly { readonly blob: number; readonly error: JobError }[]
    /** These got less than they should. */
    readonly failed: readonly { readonly file: number; readonly error: JobError }[]
  }
}

/** Columns: one row for each blob. */
export interface StretchBlobs {
  /** 32 bytes each */
  readonly ids: Uint8Array
  /** from the start of the stretch */
  readonly offsets: Uint32Array
  readonly lengths: Uint32Array
  /** 0 when the blob is stored without compression */
  readonly uncompressedLengths: Uint32Array
}

/** Columns: one row for each place a blob is written to, in the order of the blobs. */
export interface StretchWrites {
  readonly blobs: Uint32Array
  readonly files: Uint32Array
  /** in the file, bytes */
  readonly positions: Float64Array
}

export interface FileToWrite {
  readonly path: string
  /** Make the file, which nobody else writes; else it is there already, of the right size. */
  readonly isNew: boolean
  /** Leave out zeros: the file has nothing else yet. */
  readonly isSparse: boolean
  readonly size: number
}

// eslint-disable-next-line require-yield -- the whole result comes at the end
export function* restoreBlobs(
  { key, what, stretch, blobs, writes, files }: RestoreBlobs['input'],
  { kernel, files: access }: JobContext,
): JobRun<'restoreBlobs'> {
  const damaged: { blob: number; error: JobError }[] = []
  const outputs = new OutputFiles(files, writes.files, (file, isNew) =>
    isNew ? access.create(file.path) : access.openForWriting(file.path),
  )
  try {
    let write = 0
    for (let blob = 0; blob < blobs.lengths.length; blob++) {
      const id = toHex(blobs.ids, blob * 32, blob * 32 + 32) as BlobId
      const offset = blobs.offsets[blob] as number
      const sealed = stretch.subarray(offset, offset + (blobs.lengths[blob] as number))
      const uncompressedLength = blobs.uncompressedLengths[blob] as number
      let plaintext: Uint8Array | undefined
      try {
        const label = `${what} blob ${id.slice(0, 8)}`
        plaintext = openBlob(kernel, key, sealed, { id, uncompressedLength }, label, true)
      } catch (error) {
        if (!isResticError(error, 'CORRUPT')) throw error
        damaged.push({ blob, error: encodeJobError(error) })
      }
      const bytes: BlobToWrite = { plaintext, isZero: undefined }
      for (; writes.blobs[write] === blob; write++) {
        outputs.write(writes.files[write] as number, bytes, writes.positions[write] as number)
      }
    }
  } finally {
    outputs.closeAll()
  }
  return { value: { damaged, failed: outputs.failed } }
}

interface BlobToWrite {
  /** undefined when it is damaged */
  readonly plaintext: Uint8Array | undefined
  /** Found out when it is first asked for: one blob of zeros may be most of a large file. */
  isZero: boolean | undefined
}

function isZero(blob: BlobToWrite, plaintext: Uint8Array): boolean {
  blob.isZero ??= plaintext.every((byte) => byte === 0)
  return blob.isZero
}

/** Far below what systems allow a program, with several jobs at once. */
const openFilesMax = 64

/** Files that are open from their first write to their last, as far as there is room. */
class OutputFiles {
  readonly failed: { readonly file: number; readonly error: JobError }[] = []
  readonly #files: readonly FileToWrite[]
  readonly #open: (file: FileToWrite, isNew: boolean) => WritableFile
  readonly #writesLeft: Uint32Array
  readonly #handles = new Map<number, WritableFile>()
  readonly #created = new Set<number>()
  readonly #failures = new Set<number>()

  constructor(
    files: readonly FileToWrite[],
    writes: Uint32Array,
    open: (file: FileToWrite, isNew: boolean) => WritableFile,
  ) {
    this.#files = files
    this.#open = open
    this.#writesLeft = new Uint32Array(files.length)
    for (const file of writes) this.#writesLeft[file] = (this.#writesLeft[file] as number) + 1
  }

  /** A file whose bytes are damaged is made all the same, for whoever has them. */
  write(index: number, blob: BlobToWrite, position: number): void {
    this.#attempt(index, () => {
      const file = this.#files[index] as FileToWrite
      const handle = this.#handles.get(index) ?? this.#openFile(index, file)
      const { plaintext } = blob
      if (plaintext === undefined) return
      if (!file.isSparse) handle.write(plaintext, position)
      else if (!isZero(blob, plaintext)) writeWithHoles(handle, plaintext, position)
    })
    const left = (this.#writesLeft[index] as number) - 1
    this.#writesLeft[index] = left
    if (left === 0) this.#close(index)
  }

  closeAll(): void {
    for (const index of this.#handles.keys()) this.#close(index)
  }

  #openFile(index: number, file: FileToWrite): WritableFile {
    const [oldest] = this.#handles.keys()
    if (this.#handles.size >= openFilesMax && oldest !== undefined) this.#close(oldest)
    const isNew = file.isNew && !this.#created.has(index)
    const handle = this.#open(file, isNew)
    this.#handles.set(index, handle)
    if (isNew) {
      this.#created.add(index)
      if (file.isSparse) handle.setSize(file.size)
    }
    return handle
  }

  #close(index: number): void {
    const handle = this.#handles.get(index)
    if (handle === undefined) return
    this.#handles.delete(index)
    this.#attempt(index, () => handle.close())
  }

  /** A file that failed once is left alone; the others go on. */
  #attempt(index: number, action: () => void): void {
    if (this.#failures.has(index)) return
    try {
      action()
    } catch (error) {
      if (!isResticError(error, 'TARGET')) throw error
      // Closed first: a second failure of the same file tells nothing more.
      this.#close(index)
      this.#failures.add(index)
      this.failed.push({ file: index, error: encodeJobError(error) })
    }
  }
}
