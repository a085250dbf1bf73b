import { createHmac } from 'node:crypto'
import { lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { type Backend, systemTimer } from 'restic-core'
import {
  fileSource,
  fileTarget,
  isProcessAlive,
  nodeRuntime,
  nodeSessionCache,
} from 'restic-core/node'
import { type FolderFiles, joined } from '../files/folder-files.ts'
import { type FileSystemRules, linuxRules, macRules, windowsRules } from '../plan/names.ts'
import type { Platform } from '../platform.ts'
import type { InstanceLocation } from '../remote/location.ts'
import { controlPaths } from '../state/control-folder.ts'
import { nodeFiles } from './node-files.ts'

export interface NodePlatformOptions {
  /** The name of this machine in snapshots and locks. Default: the system's. */
  readonly hostname?: string | undefined
  /** Opens what the location names; default: REST servers and local folders. */
  readonly openStore?: ((location: InstanceLocation) => Promise<Backend>) | undefined
}

export function nodePlatform(options: NodePlatformOptions = {}): Platform {
  const host = options.hostname ?? hostname()
  return {
    hostname: host,
    timer: systemTimer,
    pid: process.pid,
    processSpace: processSpace(),
    processStart,
    files: (packFolder) => nodeFiles(resolve(packFolder)),
    rules: fileSystemRules,
    source: () => fileSource(),
    target: (root) => fileTarget({ root: followed(root), plainPermissions: true }),
    async runtime() {
      const runtime = await nodeRuntime()
      return { ...runtime, identity: { ...runtime.identity, hostname: host } }
    },
    openStore: options.openStore ?? openStore,
    storeFreeBytes,
    sessionCache: (folder) => nodeSessionCache({ folder }),
  }
}

/** A server that neither answers nor refuses is given up after this long without a byte. */
const stuckTimeoutMs = 60_000

async function openStore(location: InstanceLocation): Promise<Backend> {
  if (location.store === 'local') {
    const { localBackend } = await import('@instance-sync/local-backend')
    return localBackend({ path: location.path })
  }
  const { proxyFromEnvironment, restBackend } = await import('@instance-sync/rest-backend')
  return restBackend({
    url: location.url,
    credentials: location.credentials,
    stuckTimeoutMs,
    proxy: proxyFromEnvironment(process.env),
  })
}

/** REST servers have no request for it: a full one says so when it is asked to store. */
async function storeFreeBytes(location: InstanceLocation): Promise<number | undefined> {
  if (location.store !== 'local') return undefined
  try {
    const { bavail, bsize } = await statfs(location.path)
    return bavail * bsize
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Where a link leads that stands for a folder; a restore as restic does it would replace the link. */
function followed(folder: string): string {
  try {
    return lstatSync(folder).isSymbolicLink() ? realpathSync(folder) : folder
  } catch {
    // Nothing is there yet, or the link leads nowhere, of which the restore tells.
    return folder
  }
}

/**
 * Linux: the machine, for two may have the same name, and the namespace that process ids are of. Not
 * the boot: a lock from before the machine went down is gone as soon as its process is.
 */
function processSpace(): string {
  return [machineDigest, () => readlinkSync('/proc/self/ns/pid')].flatMap(orNone).join(' ')
}

/** The number that systemd gives a machine is not for others to see. */
function machineDigest(): string {
  const machineId = readFileSync('/etc/machine-id')
  return createHmac('sha256', machineId).update('instance-sync').digest('hex').slice(0, 16)
}

function orNone(read: () => string): string[] {
  try {
    return [read()]
  } catch {
    return []
  }
}

/** Linux tells it in the 22nd field of /proc/PID/stat, in ticks since the machine started. */
function processStart(pid: number): string | undefined {
  if (process.platform !== 'linux') return isProcessAlive(pid) ? '' : undefined
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the program's name, which may hold blanks and brackets.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return isProcessAlive(pid) ? '' : undefined
  }
}

const platformRules: Readonly<Record<string, FileSystemRules>> = {
  win32: windowsRules,
  darwin: macRules,
}

/** The system's rules; whether letters of both cases are one name depends on the disk, so it is tried. */
async function fileSystemRules(files: FolderFiles): Promise<FileSystemRules> {
  const rules = platformRules[process.platform] ?? linuxRules
  const probe = joined(controlPaths.cache, 'Case-\u00e9')
  await files.makeFolder(controlPaths.cache)
  await files.remove(probe)
  await files.claim(probe, new Uint8Array(0))
  const ignoresCase = files.stat(joined(controlPaths.cache, 'cASE-\u00e9')) !== undefined
  const ignoresForm = files.stat(joined(controlPaths.cache, 'Case-e\u0301')) !== undefined
  await files.remove(probe)
  return { ...rules, ignoresCase, ignoresForm }
}
