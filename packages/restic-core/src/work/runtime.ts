import type { Clock } from '../base/clock.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { TaskPool } from './pool.ts'

/** Who runs this program, as key and lock files tell others. */
export interface ProcessIdentity {
  readonly hostname: string
  readonly username: string
  readonly pid: number
  /** 0 where users have no numbers */
  readonly uid: number
  readonly gid: number
}

/** What a platform gives: compute, threads, time and randomness. Node's and the portable one exist. */
export interface Runtime extends AsyncDisposable {
  readonly kernel: Kernel
  /** As the kernel's, beside this thread, or shared by others, where the platform has a way. */
  scrypt(...args: Parameters<Kernel['scrypt']>): Promise<Uint8Array>
  readonly pool: TaskPool
  readonly clock: Clock
  /** Bytes fit for keys and nonces. */
  random(length: number): Uint8Array
  readonly identity: ProcessIdentity
  /** Whether a process of this machine is running. Asking does not disturb it. */
  isProcessAlive(pid: number): boolean
}
