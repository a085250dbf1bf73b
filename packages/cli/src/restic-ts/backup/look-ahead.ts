import type { Exclusion, SourceEntry, SourceTree, Target } from 'restic-core'
import { scan } from './scan.ts'

/** Entries that are kept at most, some ten megabytes. */
const entriesMax = 50_000
/** Short, for the answers of the store that is being opened wait meanwhile. */
const turnMs = 2

/**
 * A source that is gone through while the repository is opened: half a second, most of it for the
 * key, in which there is nothing else to do. What was found is told once; what was not reached, and
 * whatever is asked again, the source tells itself. A file that changes meanwhile is one that changed
 * before it was read: its old time stands beside its content, and the next backup reads it again.
 */
export class LookAhead implements SourceTree, AsyncDisposable {
  readonly #source: SourceTree
  readonly #entries = new Map<string, SourceEntry>()
  readonly #names = new Map<string, string[]>()
  readonly #stop = new AbortController()
  readonly #running: Promise<unknown>

  private constructor(source: SourceTree, targets: readonly Target[], exclusion: Exclusion) {
    this.#source = source
    const options = { signal: this.#stop.signal, turnMs }
    // What cannot be read is not kept, so the backup meets the same trouble.
    this.#running = scan(this.#recorder(), targets, exclusion, options).catch(() => undefined)
  }

  static start(source: SourceTree, targets: readonly Target[], exclusion: Exclusion): LookAhead {
    return new LookAhead(source, targets, exclusion)
  }

  list(path: string): string[] {
    return taken(this.#names, path) ?? this.#source.list(path)
  }

  entry(path: string): SourceEntry {
    return taken(this.#entries, path) ?? this.#source.entry(path)
  }

  entryFollowed(path: string): SourceEntry {
    return this.#source.entryFollowed(path)
  }

  linkTarget(path: string): string {
    return this.#source.linkTarget(path)
  }

  extendedAttributes(
    path: string,
    options: { readonly follow: boolean },
  ): ReturnType<SourceTree['extendedAttributes']> {
    return this.#source.extendedAttributes(path, options)
  }

  /** Looks no further. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  #recorder(): Pick<SourceTree, 'entry' | 'list'> {
    return {
      entry: (path) => {
        const entry = this.#source.entry(path)
        this.#entries.set(path, entry)
        if (this.#entries.size >= entriesMax) this.#stop.abort()
        return entry
      },
      list: (path) => {
        const names = this.#source.list(path)
        this.#names.set(path, names)
        return names
      },
    }
  }
}

function taken<T>(known: Map<string, T>, path: string): T | undefined {
  const value = known.get(path)
  known.delete(path)
  return value
}
