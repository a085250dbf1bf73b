// What a store needs of the library comes from here too, so that it can do without the rest.
export { concatBytes, equalBytes, totalLength } from '../base/bytes.ts'
export type { Cancellable, Observed } from '../base/cancel.ts'
export { BackendError, isResticError } from '../base/errors.ts'
export type { BackendReason } from '../base/errors.ts'
export { isId } from '../base/id.ts'
export { releaseBytes } from '../base/release.ts'
export * from './backend.ts'
export { byteRates } from './byte-rate.ts'
export type { ByteRate, ByteRates, RateLimits } from './byte-rate.ts'
export { repositoryCache } from './cache.ts'
export type { CachedType, CacheEvent, CacheStore, ContentHash, RepositoryCache } from './cache.ts'
export { dryRun } from './dry-run.ts'
export {
  folderOf,
  foldersOfRepository,
  namedFileTypes,
  nameOf,
  pathOf,
  urlPathOf,
} from './layout.ts'
export { limit } from './limit.ts'
export { memoryBackend } from './memory.ts'
export type { MemoryBackend, MemoryBackendOptions } from './memory.ts'
export { cutRange, shortRead } from './range.ts'
export { overriding, requestLabel } from './request.ts'
export type { BackendOperation, BackendRequest } from './request.ts'
export { retry } from './retry.ts'
export type { RetryEvent, RetryOptions, RetryWorld } from './retry.ts'
export { trace } from './trace.ts'
export type { RequestEvent } from './trace.ts'
