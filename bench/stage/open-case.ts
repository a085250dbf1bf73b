import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addIndexedBlobs } from '../data/indexed-blobs.ts'
import type { Case, Side } from '../measuring/contest.ts'
import { type Program, resticEnvironment, runUnmeasured } from './programs.ts'
import { Repositories, type StoredRepository, forgetCache } from './repositories.ts'
import type { Stage } from './stage.ts'

const content = 'The one blob that is really there.\n'
const blob = createHash('sha256').update(content).digest('hex')

/** A repository whose index names `blobs` blobs and one more, which is stored. */
export async function repositoryOfBlobs(
  stage: Stage,
  repositories: Repositories,
  blobs: number,
): Promise<StoredRepository> {
  const repository = await repositories.fresh(`blobs-${blobs}`)
  const source = join(stage.folder, `source-${blobs}`)
  await mkdir(source)
  await writeFile(join(source, 'file'), content)
  await runUnmeasured(
    stage.restic.command(['backup', '.'], { cwd: source, env: resticEnvironment(repository) }),
  )
  await addIndexedBlobs(repository, blobs)
  return repository
}

/**
 * `cat blob`: opens the repository, gets its whole index, finds one blob in it and prints it. No
 * shorter command of restic needs the index, and none does as little beside it; `stats` and `list
 * blobs` spend most of their time on what comes after.
 */
export function openCase(
  stage: Stage,
  repository: StoredRepository,
  cache: 'cold' | 'warm',
): Pick<Case, 'ours' | 'restic'> {
  const ours = open(stage.ours, repository, cache)
  return { ours, restic: open(stage.restic, repository, cache) }
}

function open(program: Program, repository: StoredRepository, cache: 'cold' | 'warm'): Side {
  const cacheDir = `${repository.cacheDir}-${program.label.replaceAll(' ', '-')}`
  const own = { ...repository, cacheDir }
  const command = program.command(['cat', 'blob', blob], { env: resticEnvironment(own) })
  let isWarm = false
  return {
    label: program.label,
    async ready() {
      if (cache === 'cold') await forgetCache(own)
      else if (!isWarm) await runUnmeasured(command)
      isWarm = true
      return command
    },
    done({ stdout }) {
      return stdout === content
        ? Promise.resolve()
        : Promise.reject(new Error(`${program.label} printed another blob: ${stdout}`))
    },
  }
}
