import type { Exclusion, SourceEntry, SourceTree, Target } from 'restic-core'
import { scan } from './scan.ts'

/** Entries and names that are kept at most, some ten megabytes. */
const keptMax = 50_000
/** Short, for the answers of the store that is being opened wait meanwhile. */
const turnMs = 2
/** Opening takes no longer unless a person, a lock or a slow line is waited for. */
const ageMaxMs = 2000

interface LookAheadOptions {
  /** a clock that does not jump */
  readonly nowMs?: () => number
  /** waited for now and then, for the key needs the processors more */
  readonly pause?: () => Promise<void>
}

/**
 * A source that is gone through while the repository is opened: half a second, most of it for the
 * key, in which there is nothing else to do. What was found is told once, and no more when it has
 * become old; what was not reached, and whatever is asked again, the source tells itself.
 *
 * The time of the snapshot must not be later than the start, or a change would seem to be in it that
 * came before it and is not. A file that changes before it is read has its old time beside its
 * content, and the next backup reads it again.
 */
export class LookAhead implements SourceTree, AsyncDisposable {
  readonly #source: SourceTree
  readonly #entries = new Map<string, SourceEntry>()
  readonly #names = new Map<string, string[]>()
  readonly #nowMs: () => number
  readonly #startedMs: number
  #kept = 0
  readonly #stop = new AbortController()
  readonly #running: Promise<unknown>

  private constructor(
    source: SourceTree,
    targets: readonly Target[],
    exclusion: Exclusion,
    { nowMs = () => performance.now(), pause = async () => {} }: LookAheadOptions,
  ) {
    this.#source = source
    this.#nowMs = nowMs
    this.#startedMs = nowMs()
    const options = { signal: this.#stop.signal, turnMs, onTotals: pause }
    // What cannot be read is not kept, so the backup meets the same trouble.
    this.#running = scan(this.#recorder(), targets, exclusion, options).catch(() => undefined)
  }

  static start(
    source: SourceTree,
    targets: readonly Target[],
    exclusion: Exclusion,
    options: LookAheadOptions = {},
  ): LookAhead {
    return new LookAhead(source, targets, exclusion, options)
  }

  list(path: string): string[] {
    return this.#taken(this.#names, path) ?? this.#source.list(path)
  }

  entry(path: string): SourceEntry {
    return this.#taken(this.#entries, path) ?? this.#source.entry(path)
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
        this.#count(1)
        return entry
      },
      list: (path) => {
        const names = this.#source.list(path)
        this.#names.set(path, names)
        this.#count(names.length)
        return names
      },
    }
  }

  #count(more: number): void {
    this.#kept += more
    if (this.#kept >= keptMax) this.#stop.abort()
  }

  #taken<T>(known: Map<string, T>, path: string): T | undefined {
    if (this.#nowMs() - this.#startedMs > ageMaxMs) {
      this.#entries.clear()
      this.#names.clear()
    }
    const value = known.get(path)
    known.delete(path)
    return value
  }
}
