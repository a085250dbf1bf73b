/**
 * What the benchmarks back up: made up, the same bytes on every machine, and never checked in.
 * A change of what a generator writes changes `generation`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface DataSet {
  /** Of its folder: says everything that the content depends on. */
  readonly name: string
  write(folder: string): void
}

const generation = 1

export function dataSet(name: string, write: (folder: string) => void): DataSet {
  return { name: `${name}-g${generation}`, write }
}

/** Writes files, and the folders they need. */
export class FolderWriter {
  readonly #folder: string
  readonly #made = new Set<string>()

  constructor(folder: string) {
    this.#folder = folder
  }

  write(path: string, content: Uint8Array): void {
    const file = join(this.#folder, path)
    const parent = dirname(file)
    if (!this.#made.has(parent)) {
      mkdirSync(parent, { recursive: true })
      this.#made.add(parent)
    }
    writeFileSync(file, content)
  }
}
