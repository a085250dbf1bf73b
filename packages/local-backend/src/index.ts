export { localBackend } from './local-backend.ts'
export type { LocalBackendOptions } from './local-backend.ts'
