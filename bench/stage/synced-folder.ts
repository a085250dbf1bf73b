import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from '../measuring/measure.ts'
import { type RepositoryAccess, runUnmeasured } from './programs.ts'
import type { Repositories } from './repositories.ts'
import type { Stage } from './stage.ts'

const account = 'player'
const password = 'bench'

interface SyncedFolder {
  readonly packFolder: string
  /** As plain restic reaches what `instance-sync` wrote. */
  readonly repository: RepositoryAccess
  command(verb: 'pull' | 'push'): Command
}

/**
 * A copy of `folder` that `instance-sync` has pushed. Its scope is everything: the default leaves
 * out what the installer brings, and restic would then be given more to do.
 */
export async function syncedFolder(
  stage: Stage,
  repositories: Repositories,
  folder: string,
): Promise<SyncedFolder> {
  const packFolder = join(stage.folder, 'instance')
  await cp(folder, packFolder, { recursive: true, preserveTimestamps: true })
  const control = join(packFolder, '.cloud-sync')
  await mkdir(control)
  await writeFile(join(control, 'scope.json'), JSON.stringify({ include: ['**'], exclude: [] }))
  const { url } = repositories.server
  const call = (args: readonly string[]) =>
    stage.instanceSync.command([...args, `--pack-folder=${packFolder}`], { env: {} })
  await runUnmeasured(call(['init', `--url=${url}`, `--token=${account}:${password}`]))
  await runUnmeasured(call(['push']))
  const settings = JSON.parse(await readFile(join(control, 'sync.json'), 'utf8')) as {
    readonly instance_id: string
  }
  return {
    packFolder,
    repository: {
      location: `rest:${url}${account}/${settings.instance_id}/`,
      password,
      cacheDir: join(stage.folder, 'caches', 'restic'),
    },
    command: (verb) => call([verb]),
  }
}
