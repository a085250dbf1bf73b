import { readFile } from 'node:fs/promises'
import type { TlsOptions } from '@instance-sync/rest-backend'
import type { Backend } from 'restic-core'
import type { RateLimits } from 'restic-core/backend'
import { Failure } from './failure.ts'
import type { RepositoryLocation } from './location.ts'

interface StoreOptions {
  /** Of the process: credentials and proxies for stores that are not in the location. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** requests in flight; the store's own number unless given */
  readonly connections?: number | undefined
  /** files of certificates to trust, PEM */
  readonly caFiles?: readonly string[]
  /** file of the client's certificate and key, PEM */
  readonly clientCertificateFile?: string | undefined
  readonly insecureTls?: boolean
  readonly stuckTimeoutMs?: number | undefined
  readonly limits?: RateLimits | undefined
  readonly userAgent?: string | undefined
}

/** The store at a location. Only the module of that store is loaded. */
export async function openStore(
  location: RepositoryLocation,
  options: StoreOptions,
): Promise<Backend> {
  const { environment, connections, limits } = options
  if (location.store === 'local') {
    const { localBackend } = await import('@instance-sync/local-backend')
    const { path } = location
    return localBackend({ path, limits, ...(connections !== undefined && { connections }) })
  }
  const { proxyFromEnvironment, restBackend } = await import('@instance-sync/rest-backend')
  const user = environment['RESTIC_REST_USERNAME'] ?? ''
  const password = environment['RESTIC_REST_PASSWORD'] ?? ''
  return restBackend({
    url: location.text,
    credentials: user === '' && password === '' ? undefined : { user, password },
    connections,
    tls: await tlsOptions(options),
    proxy: proxyFromEnvironment(environment),
    stuckTimeoutMs: options.stuckTimeoutMs,
    limits,
    userAgent: options.userAgent,
  })
}

async function tlsOptions(options: StoreOptions): Promise<TlsOptions> {
  const { caFiles = [], clientCertificateFile = '', insecureTls: insecure } = options
  const ca = await Promise.all(caFiles.map(readPem))
  const certificate =
    clientCertificateFile === '' ? undefined : await readPem(clientCertificateFile)
  return {
    ca: ca.length === 0 ? undefined : ca.join('\n'),
    cert: certificate,
    key: certificate,
    insecure,
  }
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Failure(`cannot read the certificates of ${path}: ${reason}`, { cause })
  }
}
