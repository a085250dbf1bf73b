import { toHex } from '../base/bytes.ts'
import type { Cancellable } from '../base/cancel.ts'
import { CorruptDataError, MissingError, isResticError } from '../base/errors.ts'
import { type Id, asId } from '../base/id.ts'
import type { Backend, FileHandle, FileInfo, NamedFileType } from '../backend/backend.ts'
import { sealFile, unwrapFile } from '../format/envelope.ts'
import { type IndexColumns, columnBuffers } from '../format/index-file.ts'
import { formatIndexFile } from '../format/index-writer.ts'
import { type MasterKey, ivLength, open } from '../format/seal.ts'
import type { Runtime } from '../work/runtime.ts'

/** The types of file that hold one sealed JSON document. */
export type SealedFileType = 'lock' | 'snapshot' | 'index'

/** What is read whole and checked against its name; a config has no name to check. */
type SmallFileType = SealedFileType | 'key' | 'config'

export interface SealedFile<Type extends SealedFileType> {
  readonly type: Type
  readonly id: Id<Type>
  readonly bytes: Uint8Array
}

type FilesRuntime = Pick<Runtime, 'kernel' | 'random' | 'pool'>

/** Blobs of an index that takes longer than the message to a thread. */
const longIndexMin = 1000

function unwritten(type: SealedFileType): string {
  return `the ${type} to be written`
}

/** The small files of a repository, as bytes of JSON: sealed, compressed and named on the way. */
export class RepositoryFiles {
  readonly backend: Backend
  readonly #runtime: FilesRuntime
  readonly #masterKey: MasterKey
  readonly #version: 1 | 2

  constructor(options: {
    readonly backend: Backend
    readonly runtime: FilesRuntime
    readonly masterKey: MasterKey
    readonly version: 1 | 2
  }) {
    this.backend = options.backend
    this.#runtime = options.runtime
    this.#masterKey = options.masterKey
    this.#version = options.version
  }

  list(type: NamedFileType, options?: Cancellable): AsyncIterable<FileInfo> {
    return this.backend.list(type, options)
  }

  /** The bytes as stored. @throws MissingError, CorruptDataError */
  loadRaw(file: SmallFile, options?: Cancellable): Promise<Uint8Array> {
    return loadRaw(this.backend, this.#runtime.kernel, file, options)
  }

  /** The JSON inside. @throws MissingError, CorruptDataError */
  async load(type: SealedFileType, id: string, options?: Cancellable): Promise<Uint8Array> {
    return this.openSealed(type, id, await this.loadRaw({ type, name: id }, options))
  }

  /** The JSON in what `loadRaw` returned. */
  openSealed(type: SealedFileType, id: string, sealed: Uint8Array): Uint8Array {
    const { kernel } = this.#runtime
    const what = smallFileLabel({ type, name: id })
    return unwrapFile(kernel, this.#version, open(kernel, this.#masterKey, sealed, what), what)
  }

  /** The bytes to store for a document, opened again once, and the name that follows from them. */
  seal<Type extends SealedFileType>(type: Type, json: Uint8Array): SealedFile<Type> {
    const { kernel, random } = this.#runtime
    const sealing = { key: this.#masterKey, version: this.#version, iv: random(ivLength) }
    return this.#named(type, sealFile(kernel, sealing, json, unwritten(type)))
  }

  /**
   * As `seal`, of the index file with these columns: a long one is made by the pool.
   *
   * @param columns may be empty afterwards, for their memory moves
   */
  async sealIndex(columns: IndexColumns, options?: Cancellable): Promise<SealedFile<'index'>> {
    if (columns.types.length < longIndexMin) return this.seal('index', formatIndexFile(columns))
    const bytes = await this.#runtime.pool.run(
      'sealIndex',
      { key: this.#masterKey, version: this.#version, columns, what: unwritten('index') },
      { ...options, transfer: columnBuffers(columns) },
    )
    return this.#named('index', bytes)
  }

  #named<Type extends SealedFileType>(type: Type, bytes: Uint8Array): SealedFile<Type> {
    return { type, id: asId<Type>(toHex(this.#runtime.kernel.sha256(bytes))), bytes }
  }

  /** Seals and writes a document; resolves once the store has it. */
  async save<Type extends SealedFileType>(
    type: Type,
    json: Uint8Array,
    options?: Cancellable,
  ): Promise<Id<Type>> {
    const file = this.seal(type, json)
    await this.write(file, options)
    return file.id
  }

  write(file: SealedFile<SealedFileType>, options?: Cancellable): Promise<void> {
    return this.backend.write({ type: file.type, name: file.id }, [file.bytes], options)
  }

  /** @throws BackendError 'not-found' when it is gone already, where the store can tell */
  remove(type: NamedFileType, id: string, options?: Cancellable): Promise<void> {
    return this.backend.remove({ type, name: id }, options)
  }
}

export type SmallFile =
  | { readonly type: 'config' }
  | { readonly type: Exclude<SmallFileType, 'config'>; readonly name: string }

/** `snapshot 1a2b3c4d`, as messages name a file. */
export function smallFileLabel(file: SmallFile): string {
  return file.type === 'config' ? 'config' : `${file.type} ${file.name.slice(0, 8)}`
}

/**
 * Reads a whole file and compares it with its name. It is read once more when they differ: a layer
 * below drops a bad copy of its own then, and a disturbed transfer does not happen twice.
 *
 * @throws MissingError when the store does not have it
 * @throws CorruptDataError check 'hash' when it differs both times
 */
export async function loadRaw(
  backend: Backend,
  kernel: Pick<Runtime['kernel'], 'sha256'>,
  file: SmallFile,
  options?: Cancellable,
): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    const bytes = await readWhole(backend, file, options)
    if (file.type === 'config' || toHex(kernel.sha256(bytes)) === file.name) return bytes
    if (attempt === 2) throw new CorruptDataError(smallFileLabel(file), 'hash')
  }
}

async function readWhole(
  backend: Backend,
  file: FileHandle & SmallFile,
  options?: Cancellable,
): Promise<Uint8Array> {
  try {
    return await backend.read(file, options)
  } catch (cause) {
    if (isNotFound(cause)) throw new MissingError(smallFileLabel(file), { cause })
    throw cause
  }
}

export function isNotFound(error: unknown): boolean {
  return isResticError(error, 'BACKEND') && error.reason === 'not-found'
}

/** @returns false when it was gone already, where the store can tell */
export async function removeIfThere(
  backend: Backend,
  file: FileHandle,
  options: Cancellable = {},
): Promise<boolean> {
  try {
    await backend.remove(file, options)
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
