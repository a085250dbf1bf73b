import { BackendError } from 'restic-core'
import { SyncError } from './errors.ts'
import { lookHere, sizedEntries } from './here.ts'
import { type FolderFiles, removeAll } from './files/folder-files.ts'
import type { Platform } from './platform.ts'
import type { OnConflict, PullReport } from './report.ts'
import { pull } from './pull.ts'
import { refuseSecret, shownUrl } from './remote/location.ts'
import { passwordUnknown } from './remote/remote.ts'
import { type SyncOptions, platformOf, withSession } from './session.ts'
import { controlFolder, controlPaths } from './state/control-folder.ts'
import { instanceIdPattern, mintInstanceId } from './state/instance-id.ts'
import { readSettings, writeSettings } from './state/settings.ts'
import { readToken, writeToken } from './state/token.ts'
import { fileCount } from './tree/entry.ts'

export interface InitOptions extends SyncOptions {
  /** Address of the server, or a repository location. */
  readonly url: string
  /** Joins an instance that another machine has. A new one is minted otherwise. */
  readonly instanceId?: string | undefined
  /** How to settle it when the cloud and the folder both have content; 'stop' unless given. */
  readonly onConflict?: OnConflict | undefined
}

export type InitReport =
  | {
      readonly outcome: 'enabled'
      readonly instanceId: string
      /** without credentials */
      readonly url: string
      /** false: another machine made it */
      readonly isNew: boolean
      /** what was taken over; undefined for a new instance */
      readonly pull: PullReport | undefined
      /** files here that a push would store, when the instance is new */
      readonly files: number
    }
  /** The cloud and the folder differ, and nobody said which is right. Nothing was written. */
  | Extract<PullReport, { readonly outcome: 'conflict' }>

/**
 * Opts a folder in. The server is asked first, and when it has a state of the instance the folder is
 * brought in line with it, so that no launch of the game is the first to find out about a conflict.
 *
 * @throws SyncError 'SETTINGS', when the folder belongs to another instance already
 */
export async function init(options: InitOptions): Promise<InitReport> {
  const platform = await platformOf(options)
  const files = platform.files(options.packFolder)
  refuseSecret(options.url)
  const isFresh = files.stat(controlFolder) === undefined
  const isSynced = files.stat(controlPaths.settings) !== undefined
  let report: InitReport | undefined
  try {
    report = await optIn(options, platform, files)
    return report
  } finally {
    const isEnabled = report?.outcome === 'enabled'
    // The opened key and the history are for who is opted in.
    if (!isSynced && !isEnabled) await removeAll(files, controlPaths.cache).catch(() => undefined)
    // The lock needed a folder; what failed leaves nothing behind. That this works is no condition.
    if (isFresh && !isEnabled) await files.removeFolder(controlFolder).catch(() => false)
  }
}

async function optIn(
  options: InitOptions,
  platform: Platform,
  files: FolderFiles,
): Promise<InitReport> {
  const known = await readSettings(files, options)
  const instanceId = options.instanceId ?? known?.instanceId ?? (await mint(platform))
  if (!instanceIdPattern.test(instanceId)) {
    throw new SyncError('SETTINGS', `${instanceId} is not an instance id`, {
      hint: 'It has 26 letters and digits; `instance-sync status` on the other machine prints it.',
    })
  }
  if (known !== undefined && known.instanceId !== instanceId) {
    throw new SyncError('SETTINGS', 'the folder is synced as another instance already', {
      hint: 'Disable it first, if it is to become this one.',
    })
  }
  const settings = { url: options.url, instanceId }
  const token = options.token ?? (await readToken(files, options))
  // Without it the folder would be opted in, and no command could do anything.
  if (token === undefined && options.repositoryPassword === undefined) throw passwordUnknown()
  const given = { ...options, platform, settings, ...(token !== undefined && { token }) }
  const isThere = await withSession(given, (session) => session.remote.exists(options))
  if (isThere !== true && options.instanceId !== undefined && known === undefined) {
    throw new SyncError('NOT_FOUND', `the server has no instance ${instanceId} of this account`, {
      hint: 'Push from the machine that has it, or leave the id out to begin a new instance.',
    })
  }
  const report = isThere === true ? await pull(given) : undefined
  if (report?.outcome === 'conflict') return report
  if (report?.outcome === 'offline') throw new BackendError(report.reason, 'unavailable')
  if (options.token !== undefined) await writeToken(files, options.token)
  await writeSettings(files, settings)
  const count = await withSession(given, async (session) => {
    if (isThere !== true && session.state.base !== undefined) await session.update({ begins: true })
    return fileCount(sizedEntries(await lookHere(session)))
  })
  return {
    outcome: 'enabled',
    instanceId,
    url: shownUrl(options.url),
    isNew: isThere !== true,
    pull: report,
    files: count ?? 0,
  }
}

async function mint(platform: Platform): Promise<string> {
  await using runtime = await platform.runtime()
  const nowMs = Number(runtime.clock.nowNs() / 1_000_000n)
  return mintInstanceId(nowMs, (length) => runtime.random(length))
}
