import type { SyncEvent } from '@instance-sync/sync'
import { countText, shown } from './amounts.ts'

interface Notice {
  readonly text: string
  /** worth telling also with `--quiet`, and to standard error */
  readonly isWarning: boolean
}

type Note = Extract<SyncEvent, { readonly type: 'note' }>['note']

const noteTexts: Readonly<Record<Note['kind'], string>> = {
  special: 'is a pipe, a socket or a device, and is not synced',
  unreadable: 'cannot be read, and counts as unchanged',
  'linked-folder': 'is a link to a folder: only the link itself is synced',
}

/** Something that happened on the way, for people. undefined when it is only progress. */
export function noticeText(event: SyncEvent): Notice | undefined {
  switch (event.type) {
    case 'waiting':
      return info(`Waiting for another command on this folder: ${processText(event)}.`)
    case 'locked': {
      const [holder] = event.holders
      const who = holder === undefined ? 'somebody' : processText(holder)
      return info(`Waiting for the repository, which is locked by ${who}.`)
    }
    case 'recovered':
      return info(
        event.how === 'completed'
          ? 'An interrupted change of the folder was completed.'
          : 'An interrupted change of the folder was taken back.',
      )
    case 'resumed':
      return info(
        `An interrupted push goes on: ${countText(event.packs, 'pack')} are there already.`,
      )
    case 'retry':
      return warning(`The server failed, trying again: ${shown(event.message)}`)
    case 'note': {
      const text = `${shown(event.note.path)} ${noteTexts[event.note.kind]}`
      // What stays as it is need not be told at every run of a timer.
      return event.note.kind === 'unreadable' ? warning(text) : info(text)
    }
    case 'read':
    case 'fetch':
    case 'sent':
      return undefined
  }
}

function info(text: string): Notice {
  return { text, isWarning: false }
}

function warning(text: string): Notice {
  return { text, isWarning: true }
}

function processText(holder: {
  readonly pid: number
  readonly host?: string
  readonly hostname?: string
}): string {
  return `process ${holder.pid} on ${shown(holder.host ?? holder.hostname ?? '')}`
}
