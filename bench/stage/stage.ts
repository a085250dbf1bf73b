/** Where a question plays: programs, a folder for the run, data sets. */
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, open, readdir, rename, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataSet } from '../data/data-set.ts'
import { type NodeMajor, type Program, newestRestic, ourProgram } from './programs.ts'

/** Git ignores it. Data sets stay for the next run; remove it at any time. */
export const benchFolder: string = join(import.meta.dirname, '..', '..', '.bench')

const memoryFolder = '/dev/shm'
/** What statfs calls tmpfs. */
const tmpfsType = 0x0102_1994
const roomMin = 4 * 2 ** 30

async function hasRoom(folder: string): Promise<boolean> {
  try {
    const { type, bavail, bsize } = await statfs(folder)
    return type === tmpfsType && bavail * bsize >= roomMin
  } catch {
    return false
  }
}

interface StageOptions {
  readonly size: number
  readonly node: NodeMajor
  /** restic plays both sides, which tells how much of a ratio is chance on this machine. */
  readonly isControl: boolean
  readonly onNote: (text: string) => void
}

export class Stage implements Disposable {
  /** How big the question is, in its unit. */
  readonly size: number
  /** Lives as long as the stage. */
  readonly folder: string
  /**
   * For what is restored, in memory where the system has a folder there. Making files on a disk where
   * the run before has removed as many takes ext4 longer than all the rest: it looks for inodes that
   * were not used lately.
   */
  readonly restoreFolder: string
  readonly ours: Program
  readonly instanceSync: Program
  readonly restic: Program
  readonly isControl: boolean
  readonly #onNote: (text: string) => void

  /** Synchronous, so that a run that is interrupted leaves nothing behind either. */
  readonly #clear = (): void => {
    for (const folder of [this.folder, this.restoreFolder]) {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  private constructor(
    options: StageOptions,
    { folder, restoreFolder }: Pick<Stage, 'folder' | 'restoreFolder'>,
    programs: Pick<Stage, 'ours' | 'instanceSync' | 'restic'>,
  ) {
    this.size = options.size
    this.isControl = options.isControl
    this.#onNote = options.onNote
    this.folder = folder
    this.restoreFolder = restoreFolder
    this.ours = programs.ours
    this.instanceSync = programs.instanceSync
    this.restic = programs.restic
    process.once('exit', this.#clear)
  }

  static async set(options: StageOptions): Promise<Stage> {
    const restic = await newestRestic()
    const ours = options.isControl
      ? { ...restic, label: 'restic as ours' }
      : await ourProgram('restic-ts', options.node)
    const instanceSync = await ourProgram('instance-sync', options.node)
    await mkdir(benchFolder, { recursive: true })
    const folder = await mkdtemp(join(benchFolder, 'run-'))
    const inMemory = (await hasRoom(memoryFolder)) ? memoryFolder : benchFolder
    const restoreFolder = await mkdtemp(join(inMemory, 'restore-'))
    return new Stage(options, { folder, restoreFolder }, { ours, instanceSync, restic })
  }

  /** The folder of a data set, written when it is not there from an earlier run. */
  async data(set: DataSet): Promise<string> {
    const folder = join(benchFolder, 'data', set.name)
    const isThere = await readdir(folder).then(
      () => true,
      () => false,
    )
    if (!isThere) {
      this.#onNote(`writing ${set.name}`)
      const beside = await mkdtemp(join(this.folder, 'data-'))
      set.write(beside)
      await mkdir(join(benchFolder, 'data'), { recursive: true })
      await rename(beside, folder)
    }
    return folder
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#clear)
    this.#clear()
  }
}

/** Reads every file below, so that the page cache has it. */
export async function warm(folder: string): Promise<void> {
  const buffer = new Uint8Array(2 ** 20)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    await using file = await open(join(entry.parentPath, entry.name))
    while ((await file.read(buffer)).bytesRead > 0);
  }
}
