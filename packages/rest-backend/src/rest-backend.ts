import type { Agent } from 'node:http'
import { type Backend, byteRates, type RateLimits } from 'restic-core/backend'
import { Client } from './client.ts'
import { create, read, remove, stat, write } from './files.ts'
import { list } from './listing.ts'
import type { ProxyOptions } from './proxy.ts'
import { routesTo, type TlsOptions } from './route.ts'
import { parseRestLocation, type Credentials } from './url.ts'

export interface RestBackendOptions {
  /** `https://host:port/path`, with or without `rest:` before it; `http+unix:///path.sock:/path`. */
  readonly url: string
  /** Used when the URL has none. */
  readonly credentials?: Credentials | undefined
  /** Requests in flight. Default 5. */
  readonly connections?: number | undefined
  readonly tls?: TlsOptions | undefined
  readonly proxy?: ProxyOptions | undefined
  /** A request without a byte in either direction for this long fails. Default: 5 minutes. */
  readonly stuckTimeoutMs?: number | undefined
  /** For the bodies of all requests together. Default: none. */
  readonly limits?: RateLimits | undefined
  readonly userAgent?: string | undefined
  /** Makes the connections, and is the caller's to close. `tls` and `proxy` are not looked at then. */
  readonly agent?: Agent | undefined
}

/**
 * A repository on a restic REST server: rest-server, `rclone serve restic` or another of the kind.
 *
 * Source: restic's documentation, section "REST Backend".
 * @throws BackendError 'refused' when the URL is none of a REST server
 */
export function restBackend(options: RestBackendOptions): Backend {
  const location = parseRestLocation(options.url)
  const connections = options.connections ?? 5
  const client = new Client({
    location,
    credentials: location.credentials ?? options.credentials,
    userAgent: options.userAgent ?? 'instance-sync',
    stuckTimeoutMs: options.stuckTimeoutMs ?? 5 * 60_000,
    rates: byteRates(options.limits, () => performance.now()),
    routes: routesTo(location, options),
  })
  return {
    location: location.shown,
    traits: { connections, atomicReplace: false },
    create: (call) => create(client, call),
    list: (type, call) => list(client, type, { ...call, connections }),
    stat: (file, call) => stat(client, file, call),
    read: (file, call) => read(client, file, call ?? {}),
    write: (file, body, call) => write(client, file, body, call),
    remove: (file, call) => remove(client, file, call),
    [Symbol.asyncDispose]: () => client.dispose(),
  }
}
