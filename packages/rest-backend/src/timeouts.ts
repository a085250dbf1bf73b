import type { AgentOptions } from 'node:http'

/**
 * Most servers close idle connections later than this, and those that do it earlier say so, so that
 * an upload rarely meets a connection that is just being closed, milliseconds.
 */
export const keepAliveTimeout = 15_000
/** milliseconds */
export const connectTimeout = 30_000

/** How long the connections of node:http live. */
export const connectionOptions: AgentOptions = { keepAlive: true, timeout: keepAliveTimeout }
