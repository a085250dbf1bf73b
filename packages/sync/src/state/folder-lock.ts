import * as z from 'zod'
import type { Cancellable, Observed, Timer } from 'restic-core'
import { SyncError } from '../errors.ts'
import type { FolderFiles } from '../files/folder-files.ts'
import { controlFolder, controlPaths } from './control-folder.ts'

/** Whose turn it is in this folder. `token` is new for each command, `beat` counts while it runs. */
const lockJson = z.object({
  token: z.string(),
  pid: z.number().int(),
  host: z.string(),
  /** when the process began, as its system counts; empty when that cannot be asked */
  started: z.string(),
  beat: z.number().int(),
  /** what the process id is counted in; a lock without it was taken on the machine itself */
  space: z.string().optional(),
})
type LockFile = z.infer<typeof lockJson>

/** What the lock asks of the machine. */
export interface LockWorld {
  readonly pid: number
  readonly host: string
  /** Which processes the ids are of: containers of one host count their own. '' when there is one only. */
  readonly space: string
  readonly timer: Timer
  random(length: number): Uint8Array
  /** When a process of this machine began; undefined when it does not run, '' when that is all one can tell. */
  processStart(pid: number): string | undefined
}

export interface LockOptions extends Cancellable, Observed<LockWaitEvent> {
  /** how long to wait for another command; it is asked once even when 0 */
  readonly waitMs: number
}

export interface LockWaitEvent {
  readonly type: 'waiting'
  /** the other command */
  readonly pid: number
  readonly host: string
}

/** How often the holder shows that it lives. */
const beatMs = 5_000
/** A holder on another machine that shows no life for this long is gone. */
const silenceMaxMs = 30_000
/** Two processes can only tell each other by the file that is there or is not. */
const askAgainMs = 200

/**
 * Takes the folder for one command; disposing gives it back. The lock of a process that is gone is
 * taken over: told by process id and start, or, from another machine or container, by a heartbeat
 * that does not move while we watch. No two clocks are compared.
 *
 * @throws SyncError 'BUSY'
 */
export async function lockFolder(
  files: FolderFiles,
  world: LockWorld,
  { waitMs, signal, onEvent }: LockOptions,
): Promise<AsyncDisposable> {
  const token = Array.from(world.random(12), (byte) => byte.toString(36).padStart(2, '0')).join('')
  const own = {
    token,
    pid: world.pid,
    host: world.host,
    space: world.space,
    started: world.processStart(world.pid) ?? '',
  }
  await files.makeFolder(controlFolder)
  let seen: { readonly text: string; silentMs: number } | undefined
  for (let waitedMs = 0; ; waitedMs += askAgainMs) {
    signal?.throwIfAborted()
    if (await files.claim(controlPaths.lock, encode({ ...own, beat: 0 }))) {
      return holdLock(files, world, own)
    }
    // A link that leads nowhere can be neither read nor claimed: it is a lock that nobody wrote.
    const text = (await lockText(files)) ?? (isLockThere(files) ? '' : undefined)
    if (text === undefined) continue
    seen = seen?.text === text ? seen : { text, silentMs: 0 }
    const holder = parseLock(text)
    if (isGone(holder, seen.silentMs, world)) {
      await breakLock(files, text, token)
      continue
    }
    if (waitedMs >= waitMs) throw busy(holder)
    if (waitedMs === 0 && holder !== undefined) {
      onEvent?.({ type: 'waiting', pid: holder.pid, host: holder.host })
    }
    await world.timer.sleep(askAgainMs, { signal })
    seen.silentMs += askAgainMs
  }
}

function holdLock(
  files: FolderFiles,
  world: LockWorld,
  own: Omit<LockFile, 'beat'>,
): AsyncDisposable {
  let beat = 0
  let writing = Promise.resolve()
  const show = async (): Promise<void> => {
    const mine = parseLock((await lockText(files)) ?? '')
    if (mine?.token !== own.token) return
    const temporary = `${controlPaths.lock}.${own.token}`
    await files.remove(temporary)
    if (!(await files.claim(temporary, encode({ ...own, beat: ++beat })))) return
    await files.rename(temporary, controlPaths.lock)
  }
  const beats = world.timer.every(beatMs, () => {
    // A heartbeat that fails once is made up for by the next; a full disk must not end the command.
    writing = writing.then(show).catch(() => undefined)
  })
  return {
    async [Symbol.asyncDispose]() {
      beats[Symbol.dispose]()
      await writing
      const mine = parseLock((await lockText(files)) ?? '')
      if (mine?.token === own.token) await files.remove(controlPaths.lock)
    },
  }
}

function isGone(holder: LockFile | undefined, silentMs: number, world: LockWorld): boolean {
  const isKnown = holder?.host === world.host && (holder.space ?? world.space) === world.space
  if (!isKnown) return silentMs >= silenceMaxMs
  const started = world.processStart(holder.pid)
  if (started === undefined) return true
  return started !== '' && holder.started !== '' && started !== holder.started
}

/** Takes the lock away that was found dead, and puts it back when it has become another one. */
async function breakLock(files: FolderFiles, dead: string, token: string): Promise<void> {
  const aside = `${controlPaths.lock}.${token}.dead`
  await files.remove(aside)
  if (!isLockThere(files)) return
  await files.rename(controlPaths.lock, aside)
  const moved = await files.read(aside)
  if (moved !== undefined && decode(moved) !== dead) {
    await files.claim(controlPaths.lock, moved)
  }
  await files.remove(aside)
}

function isLockThere(files: FolderFiles): boolean {
  return files.stat(controlPaths.lock) !== undefined
}

async function lockText(files: FolderFiles): Promise<string | undefined> {
  const content = await files.read(controlPaths.lock)
  return content === undefined ? undefined : decode(content)
}

/** undefined also for a lock that is only half written: its holder may live, and may be gone. */
function parseLock(text: string): LockFile | undefined {
  try {
    const parsed = lockJson.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function busy(holder: LockFile | undefined): SyncError {
  const who = holder === undefined ? 'another command' : `process ${holder.pid} on ${holder.host}`
  return new SyncError('BUSY', `${who} is working on this folder`, {
    hint: 'Wait until it has finished and try again.',
  })
}

function encode(lock: LockFile): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(lock))
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
