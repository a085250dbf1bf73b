import { SyncError } from '../errors.ts'
import type { Token } from '../state/token.ts'

/** Where an instance's repository is, and who asks. */
export type InstanceLocation =
  | {
      readonly store: 'rest'
      readonly url: string
      readonly credentials: { readonly user: string; readonly password: string } | undefined
    }
  | { readonly store: 'local'; readonly path: string }

const otherStores = ['sftp', 's3', 'b2', 'gs', 'azure', 'swift', 'rclone']

/**
 * With an account the repository is `<url>/<account>/<instance id>/`: the first segment is what a
 * server with private repositories checks, the second keeps two instances of one player apart.
 * Without one the URL is the repository itself, and so is a location that starts with `rest:`.
 *
 * @throws SyncError 'SETTINGS'
 */
export function instanceLocation(
  url: string,
  instanceId: string,
  token: Token | undefined,
): InstanceLocation {
  const scheme = /^([A-Za-z][A-Za-z0-9+]+):/.exec(url)?.[1]?.toLowerCase()
  const credentials = token && { user: token.account, password: token.password }
  // The account would become the server: a URL may have fewer slashes than it should.
  if (/^(?:rest:)?https?:\/*$/i.test(url)) {
    throw wrongAddress('the address names no server')
  }
  if (scheme === 'rest') return { store: 'rest', url: url.slice('rest:'.length), credentials }
  if (scheme !== undefined && /^https?(?:\+unix)?$/.test(scheme)) {
    const segments = token === undefined ? [] : [encodeURIComponent(token.account), instanceId]
    return { store: 'rest', url: `${[stripped(url), ...segments].join('/')}/`, credentials }
  }
  if (scheme !== undefined && otherStores.includes(scheme)) {
    throw new SyncError('SETTINGS', `stores of the kind ${scheme} are not supported`, {
      hint: 'Use the address of a REST server (https://…) or a folder.',
    })
  }
  const folder = scheme === 'local' ? url.slice('local:'.length) : url
  if (!/^(?:[/\\]|[A-Za-z]:[\\/])/.test(folder)) {
    throw wrongAddress('the address is neither a URL nor an absolute path')
  }
  if (token === undefined) return { store: 'local', path: folder }
  return { store: 'local', path: `${stripped(folder)}/${safeSegment(token.account)}/${instanceId}` }
}

function wrongAddress(message: string): SyncError {
  return new SyncError('SETTINGS', message, {
    hint: 'Write https://HOST, or the path of a folder from the root of its disk.',
  })
}

function stripped(url: string): string {
  return url.replace(/[/\\]+$/, '')
}

function safeSegment(account: string): string {
  if (account !== '.' && account !== '..' && !/[/\\:]/.test(account)) return account
  throw new SyncError('SETTINGS', 'the account cannot be the name of a folder')
}

/** An address is kept where anybody may read it. @throws SyncError 'SETTINGS' */
export function refuseSecret(url: string): void {
  if (shownUrl(url) === url) return
  throw new SyncError('SETTINGS', 'the address holds an account', {
    hint: 'Leave it out of the address, and give account and password as the token.',
  })
}

/** The address without the account that an old one may hold: for people, and for another `init`. */
export function shownUrl(url: string): string {
  return url.replace(/\/\/[^/?#]*@/, '//')
}
