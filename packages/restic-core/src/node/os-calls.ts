import { constants } from 'node:os'
import { systemCode } from './file-errors.ts'

/*
 * What Linux can do and node:fs cannot. It is called through node:ffi, which exists from Node 26.1
 * on; without it there is no `osCalls`, and the callers report what they could not keep.
 */

/** Paths are bytes. Errors are those of node:fs: they have a `code` such as `ENOENT`. */
export interface OsCalls {
  /** Exact to the nanosecond, and never through a symlink. */
  setTimes(path: Uint8Array, times: { readonly atimeNs: bigint; readonly mtimeNs: bigint }): void
  /** The names of the extended attributes, as bytes, in the system's order. */
  attributeNames(path: Uint8Array, options: { readonly follow: boolean }): Uint8Array[]
  /** undefined when there is no such attribute. */
  attribute(
    path: Uint8Array,
    name: Uint8Array,
    options: { readonly follow: boolean },
  ): Uint8Array | undefined
  /** Of the entry itself, also when it is a symlink. */
  setAttribute(path: Uint8Array, name: Uint8Array, value: Uint8Array): void
  removeAttribute(path: Uint8Array, name: Uint8Array): void
  /**
   * A pipe or a device.
   *
   * @param mode Unix's `st_mode`, with the type
   * @param device Linux's `st_rdev`
   */
  makeNode(path: Uint8Array, mode: number, device: bigint): void
}

type NativeFunction = (...values: readonly (number | bigint | Uint8Array)[]) => number | bigint
interface Signature {
  readonly arguments: readonly string[]
  readonly return: string
}
interface Ffi {
  dlopen<Name extends string>(
    path: null,
    definitions: Readonly<Record<Name, Signature>>,
  ): { readonly functions: Readonly<Record<Name, NativeFunction>> }
  getInt32(pointer: number | bigint, offset: number): number
}

const signatures = {
  __errno_location: { arguments: [], return: 'pointer' },
  utimensat: { arguments: ['int32', 'buffer', 'buffer', 'int32'], return: 'int32' },
  llistxattr: { arguments: ['buffer', 'buffer', 'uint64'], return: 'int64' },
  listxattr: { arguments: ['buffer', 'buffer', 'uint64'], return: 'int64' },
  lgetxattr: { arguments: ['buffer', 'buffer', 'buffer', 'uint64'], return: 'int64' },
  getxattr: { arguments: ['buffer', 'buffer', 'buffer', 'uint64'], return: 'int64' },
  lsetxattr: { arguments: ['buffer', 'buffer', 'buffer', 'uint64', 'int32'], return: 'int32' },
  lremovexattr: { arguments: ['buffer', 'buffer'], return: 'int32' },
  mknod: { arguments: ['buffer', 'uint32', 'uint64'], return: 'int32' },
} as const satisfies Readonly<Record<string, Signature>>

type Functions = Readonly<Record<keyof typeof signatures, NativeFunction>>

/** Where `int` has 32 bits, `size_t` and `time_t` have 64, and the numbers below are the kernel's. */
const architectures: readonly string[] = ['x64', 'arm64', 'riscv64', 'ppc64', 's390x', 'loong64']
const atWorkingDirectory = -100
const noFollow = 0x100
/** The most the kernel hands out: the list of names, and one value. */
const attributeSizeMax = 65_536
const nsPerSecond = 1_000_000_000n

let loaded: { readonly calls: OsCalls | undefined } | undefined

/** The calls of this system, or undefined where there is no way to make them. */
export function osCalls(): OsCalls | undefined {
  // The library handle is the process's own and has no state; one for all callers is enough.
  loaded ??= { calls: load() }
  return loaded.calls
}

function load(): OsCalls | undefined {
  if (process.platform !== 'linux' || !architectures.includes(process.arch)) return undefined
  const ffi = builtinModule('node:ffi')
  if (ffi === undefined) return undefined
  try {
    const { functions } = ffi.dlopen(null, signatures)
    return new LinuxCalls(ffi, functions)
  } catch (error) {
    // A C library without one of the functions, or a Node that was told to allow no such calls.
    if (systemCode(error) === undefined) throw error
    return undefined
  }
}

/** Nothing on an older Node, and where Node was told to allow no such calls. */
function builtinModule(name: string): Ffi | undefined {
  const { getBuiltinModule } = process as { getBuiltinModule?: (name: string) => unknown }
  return getBuiltinModule?.(name) as Ffi | undefined
}

class LinuxCalls implements OsCalls {
  readonly #ffi: Ffi
  readonly #functions: Functions
  readonly #times = new BigInt64Array(4)
  readonly #timesBytes = new Uint8Array(this.#times.buffer)
  readonly #values = new Uint8Array(attributeSizeMax)

  constructor(ffi: Ffi, functions: Functions) {
    this.#ffi = ffi
    this.#functions = functions
  }

  setTimes(path: Uint8Array, times: { readonly atimeNs: bigint; readonly mtimeNs: bigint }): void {
    // struct timespec { time_t tv_sec; long tv_nsec }[2]: last access, last modification.
    for (const [index, ns] of [times.atimeNs, times.mtimeNs].entries()) {
      const fraction = ((ns % nsPerSecond) + nsPerSecond) % nsPerSecond
      this.#times[index * 2] = (ns - fraction) / nsPerSecond
      this.#times[index * 2 + 1] = fraction
    }
    const { utimensat } = this.#functions
    this.#check(
      'utimensat',
      utimensat(atWorkingDirectory, cString(path), this.#timesBytes, noFollow),
    )
  }

  attributeNames(path: Uint8Array, { follow }: { readonly follow: boolean }): Uint8Array[] {
    const { listxattr, llistxattr } = this.#functions
    const list = follow ? listxattr : llistxattr
    const result = list(cString(path), this.#values, BigInt(attributeSizeMax))
    const length = this.#check('listxattr', result)
    const names: Uint8Array[] = []
    for (let from = 0; from < length;) {
      const end = this.#values.indexOf(0, from)
      names.push(this.#values.slice(from, end))
      from = end + 1
    }
    return names
  }

  attribute(
    path: Uint8Array,
    name: Uint8Array,
    { follow }: { readonly follow: boolean },
  ): Uint8Array | undefined {
    const { getxattr, lgetxattr } = this.#functions
    const get = follow ? getxattr : lgetxattr
    try {
      const result = get(cString(path), cString(name), this.#values, BigInt(attributeSizeMax))
      return this.#values.slice(0, this.#check('getxattr', result))
    } catch (error) {
      if (systemCode(error) === 'ENODATA') return undefined
      throw error
    }
  }

  setAttribute(path: Uint8Array, name: Uint8Array, value: Uint8Array): void {
    const size = BigInt(value.length)
    const { lsetxattr } = this.#functions
    this.#check('lsetxattr', lsetxattr(cString(path), cString(name), value, size, 0))
  }

  removeAttribute(path: Uint8Array, name: Uint8Array): void {
    const { lremovexattr } = this.#functions
    this.#check('lremovexattr', lremovexattr(cString(path), cString(name)))
  }

  makeNode(path: Uint8Array, mode: number, device: bigint): void {
    this.#check('mknod', this.#functions.mknod(cString(path), mode, device))
  }

  /** Must follow the call at once: whatever runs in between may set another error number. */
  #check(call: string, result: number | bigint): number {
    if (result >= 0) return Number(result)
    const { __errno_location: errnoLocation } = this.#functions
    const number = this.#ffi.getInt32(errnoLocation(), 0)
    const code = errorNames.get(number) ?? `errno ${number}`
    throw Object.assign(new Error(`${code}: ${call}`), { code, errno: -number, syscall: call })
  }
}

const errorNames: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
)

function cString(bytes: Uint8Array): Uint8Array {
  const terminated = new Uint8Array(bytes.length + 1)
  terminated.set(bytes)
  return terminated
}
