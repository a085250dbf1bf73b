import { hostname, userInfo } from 'node:os'
import type { ProcessIdentity } from '../work/runtime.ts'

/** This process, as lock files name it. */
export function processIdentity(): ProcessIdentity {
  return {
    hostname: hostname(),
    username: username(),
    pid: process.pid,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
  }
}

/** Containers often run under a user number that has no name. */
function username(): string {
  try {
    return userInfo().username
  } catch {
    return ''
  }
}

/**
 * Signal 0 asks without a signal being sent; restic asks with SIGHUP, which ends programs that do
 * not expect it.
 */
export function isProcessAlive(pid: number): boolean {
  // Zero and negative numbers mean groups of processes to `kill`.
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Somebody else's process lives too.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
