/** Sides that several questions share. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Side } from '../measuring/contest.ts'
import { type Program, resticEnvironment, runUnmeasured } from './programs.ts'
import { type Repositories, type StoredRepository, forgetCache } from './repositories.ts'
import { expectSameTree } from './same-tree.ts'
import { type Stage, warm } from './stage.ts'

interface BackupSide extends Side {
  /** The repository of the last run. */
  readonly repository: () => StoredRepository
}

/** A backup of `folder` into a repository that holds nothing, with a cache that holds nothing. */
export async function firstBackup(
  repositories: Repositories,
  program: Program,
  folder: string,
): Promise<BackupSide> {
  let repository = await repositories.fresh(nameOf(program))
  return {
    label: program.label,
    repository: () => repository,
    async ready() {
      repository = await repositories.fresh(nameOf(program))
      await warm(folder)
      return program.command(['backup', '.'], {
        cwd: folder,
        env: resticEnvironment(repository),
      })
    },
  }
}

/** A backup of `folder` that a backup of the same program went before. */
export async function nextBackup(
  repositories: Repositories,
  program: Program,
  folder: string,
): Promise<BackupSide> {
  const repository = await repositories.fresh(nameOf(program))
  const command = program.command(['backup', '.'], {
    cwd: folder,
    env: resticEnvironment(repository),
  })
  await runUnmeasured(command)
  return {
    label: program.label,
    repository: () => repository,
    ready: () => Promise.resolve(command),
  }
}

/** A restore of the latest snapshot into an empty folder, with a cache that holds nothing. */
export function restore(
  stage: Stage,
  program: Program,
  repository: StoredRepository,
  folder: string,
): Side {
  const own = { ...repository, cacheDir: `${repository.cacheDir}-${nameOf(program)}` }
  const target = join(stage.restoreFolder, nameOf(program))
  return {
    label: program.label,
    async ready() {
      await forgetCache(own)
      await mkdir(target)
      await warm(repository.folder)
      return program.command(['restore', 'latest', '--target', target], {
        env: resticEnvironment(own),
      })
    },
    async done() {
      await expectSameTree(folder, target)
      await rm(target, { recursive: true })
    },
  }
}

/** A repository that restic wrote, with one snapshot of `folder`. */
export async function writtenByRestic(
  stage: Stage,
  repositories: Repositories,
  folder: string,
): Promise<StoredRepository> {
  const repository = await repositories.fresh('written-by-restic')
  await runUnmeasured(
    stage.restic.command(['backup', '.'], { cwd: folder, env: resticEnvironment(repository) }),
  )
  return repository
}

function nameOf(program: Program): string {
  return program.label.replaceAll(' ', '-')
}
