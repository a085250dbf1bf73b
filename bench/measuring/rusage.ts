/**
 * Runs the command given as arguments and writes what it cost, as JSON, to file descriptor 3. Ends
 * with the command's exit code. Runs on Node 26, for node:ffi.
 *
 * The numbers are the kernel's, of `getrusage(RUSAGE_CHILDREN)`: this process has one child, so they
 * are that child's and those of every process it waited for. /usr/bin/time asks the same call, but
 * has to be installed and rounds to 10 ms; bash's `time` knows no memory; VmHWM of /proc is gone
 * when the process is. A forked child starts with the part of this process's memory that it
 * touched, so a peak below some 11 MiB cannot be seen.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeSync } from 'node:fs'

/** What @types/node of the Node we develop on does not describe. */
interface Ffi {
  dlopen(
    path: null,
    definitions: { readonly getrusage: object },
  ): { readonly functions: { readonly getrusage: (who: number, usage: Uint8Array) => number } }
}

export interface Usage {
  readonly wallMs: number
  /** user and system together */
  readonly cpuMs: number
  /** largest resident set */
  readonly peakBytes: number
}

const ofChildren = -1
/** The size of `struct rusage` where `long` has 64 bits. */
const usageSize = 144

/**
 * The first members of the struct:
 *
 *     offset  size  field
 *          0     8  user time, s        8     8  and µs
 *         16     8  system time, s     24     8  and µs
 *         32     8  largest resident set, KiB
 */
function childUsage(): Omit<Usage, 'wallMs'> {
  const ffi = process.getBuiltinModule('node:ffi' as 'node:fs') as unknown as Ffi
  const { functions } = ffi.dlopen(null, {
    getrusage: { arguments: ['int32', 'buffer'], return: 'int32' },
  })
  const usage = new DataView(new ArrayBuffer(usageSize))
  if (functions.getrusage(ofChildren, new Uint8Array(usage.buffer)) !== 0) {
    throw new Error('getrusage failed')
  }
  const field = (offset: number) => Number(usage.getBigInt64(offset, true))
  const ms = (offset: number) => field(offset) * 1000 + field(offset + 8) / 1000
  return { cpuMs: ms(0) + ms(16), peakBytes: field(32) * 1024 }
}

if (import.meta.main) {
  const [program = '', ...args] = process.argv.slice(2)
  const start = process.hrtime.bigint()
  const child = spawn(program, args, { stdio: 'inherit' })
  const [code, signal] = await once(child, 'exit')
  const wallMs = Number(process.hrtime.bigint() - start) / 1e6
  const usage: Usage = { wallMs, ...childUsage() }
  writeSync(3, JSON.stringify(usage))
  if (signal !== null) process.stderr.write(`ended by ${signal}\n`)
  process.exitCode = typeof code === 'number' ? code : 1
}
