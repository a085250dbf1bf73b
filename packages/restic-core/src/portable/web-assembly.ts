/** The part of WebAssembly used here. This library compiles without a browser's types. */
interface WebAssemblyApi {
  readonly Memory: new (size: { readonly initial: number }) => WasmMemory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: object }
  instantiate(
    module: Uint8Array,
    imports: Readonly<Record<string, Readonly<Record<string, (...values: number[]) => unknown>>>>,
  ): Promise<{ readonly instance: { readonly exports: object } }>
}

const pageLength = 65_536

export interface WasmMemory {
  /** Replaced when the memory grows; arrays over the one before are empty from then on. */
  readonly buffer: ArrayBuffer
  /** @param pages of 64 KiB */
  grow(pages: number): number
}

const { WebAssembly: api } = globalThis as { readonly WebAssembly?: WebAssemblyApi }

/** False in a few hardened environments, such as `node --jitless`. */
export const hasWebAssembly: boolean = api !== undefined

/**
 * A fresh instance, with memory of its own.
 *
 * @param Exports what the module is known to export
 */
export async function instantiate<Exports extends object>(
  wasm: Uint8Array,
  imports: Readonly<Record<string, (...values: number[]) => unknown>> = {},
): Promise<Exports> {
  if (api === undefined) throw new TypeError('there is no WebAssembly here')
  const { instance } = await api.instantiate(wasm, { a: imports })
  return instance.exports as Exports
}

/** As `instantiate`, for a module that is small enough to wait for. */
export function instantiateNow(wasm: Uint8Array): object {
  if (api === undefined) throw new TypeError('there is no WebAssembly here')
  return new api.Instance(new api.Module(wasm)).exports
}

/** Memory that comes from the system, and never was anything else. Its length is whole pages. */
export function freshMemory(length: number): Uint8Array {
  if (api === undefined) throw new TypeError('there is no WebAssembly here')
  return new Uint8Array(new api.Memory({ initial: Math.ceil(length / pageLength) }).buffer)
}

/** Makes the memory at least `length` bytes long. @throws RangeError when there is no more */
export function growMemory(memory: WasmMemory, length: number): void {
  const missing = length - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / pageLength))
}

/** The bytes of a generated module: base64 in lines. */
export function decodeModule(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}
