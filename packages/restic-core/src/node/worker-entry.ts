/**
 * What a worker thread runs: a module, or in the single-file programs, which have no module beside
 * them, the source text that the build puts here.
 */
export type WorkerEntry = { readonly url: URL } | { readonly source: string }

export const workerEntry: WorkerEntry = { url: new URL(workerModule(), import.meta.url) }

/** The sources run as .ts, the published package as .js. */
function workerModule(): string {
  return import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
}
