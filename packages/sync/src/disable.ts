import { type SyncOptions, withSession } from './session.ts'
import { dropOpenedKey } from './remote/key-cache.ts'
import { removeSettings } from './state/settings.ts'

export interface DisableReport {
  readonly outcome: 'not-enabled' | 'disabled'
}

/** Opts a folder out. Token, state and everything in the cloud stay. */
export async function disable(options: SyncOptions): Promise<DisableReport> {
  const done = await withSession(options, async (session) => {
    await removeSettings(session.files)
    await dropOpenedKey(session.files)
    return true
  })
  return { outcome: done === true ? 'disabled' : 'not-enabled' }
}
