import { BackendError } from 'restic-core/backend'

export interface Credentials {
  readonly user: string
  readonly password: string
}

/** Where a server is, taken apart. */
export interface RestLocation {
  /** Scheme, host and port: `https://example.org:8000`. `http://localhost` for a socket. */
  readonly origin: string
  /** Of the repository on the server; begins and ends with a slash, still percent-encoded. */
  readonly path: string
  /** The file of a unix socket. */
  readonly socketPath: string | undefined
  readonly credentials: Credentials | undefined
  /** As the location is shown: user name and password are `***`. */
  readonly shown: string
}

/**
 * Reads `rest:https://user:password@host:port/path`, with or without `rest:`, and
 * `rest:http+unix:///path/of.sock:/path`. A missing slash at the end is added.
 *
 * @throws BackendError 'refused' when it is not such a location; restic itself would retry one without
 *   a scheme for 15 minutes
 */
export function parseRestLocation(location: string): RestLocation {
  const text = location.startsWith('rest:') ? location.slice('rest:'.length) : location
  if (!URL.canParse(text)) throw notALocation(text, 'it is not a URL')
  const url = new URL(text)
  if (url.search !== '' || url.hash !== '') {
    throw notALocation(text, 'a query or fragment has no meaning here')
  }
  const scheme = /^(https?)(\+unix)?:$/.exec(url.protocol)
  if (!scheme) throw notALocation(text, 'its scheme is not http or https')
  const unix = scheme[2] !== undefined
  const credentials = credentialsOf(url)
  const colon = url.pathname.indexOf(':')
  const cut = unix && colon >= 0 ? colon : unix ? url.pathname.length : 0
  const path = withSlash(url.pathname.slice(unix && colon >= 0 ? cut + 1 : cut))
  const socketPath = unix ? decoded(url.pathname.slice(0, cut)) : undefined
  const stars = credentials ? '***@' : ''
  const place = socketPath === undefined ? url.host : `${socketPath}:`
  return {
    origin: unix ? `${scheme[1]}://localhost` : `${url.protocol}//${url.host}`,
    path,
    socketPath,
    credentials,
    shown: `rest:${url.protocol}//${stars}${place}${path}`,
  }
}

export function isSecure({ origin }: RestLocation): boolean {
  return origin.startsWith('https:')
}

function credentialsOf(url: URL): Credentials | undefined {
  if (url.username === '' && url.password === '') return undefined
  return { user: decoded(url.username), password: decoded(url.password) }
}

/** A stray % is taken as it stands: passwords with one are written like that. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}

/** Carries no cause: the platform's own error quotes the URL with the password. */
function notALocation(text: string, why: string): BackendError {
  return new BackendError(`rest:${withoutSecrets(text)} is no REST server: ${why}`, 'refused', {
    hint: 'Write rest:https://host:port/path, or rest:http://… for a server without TLS.',
  })
}

/** Everything up to the last @ may be a password when the text is not a URL, and a query a token. */
function withoutSecrets(text: string): string {
  return text.replace(/^([a-z+]+:\/\/)?[^]*@/, '$1***@').replace(/[?#][^]*$/, '')
}
