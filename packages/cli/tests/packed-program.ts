/**
 * What a stranger's program does with the published packages: stores a folder, restores it and
 * checks the repository. Compiled and run by packages.test.ts.
 */
import { localBackend } from '@instance-sync/local-backend'
import { restBackend } from '@instance-sync/rest-backend'
import { pull } from '@instance-sync/sync'
import {
  type LockOptions,
  type RetryOptions,
  type SnapshotFilter,
  backup,
  check,
  initRepository,
  layOutTargets,
  planRestore,
  restore,
} from 'restic-core'
import { memoryBackend } from 'restic-core/backend'
import { parseSnapshot } from 'restic-core/format'
import { fileSource, fileTarget } from 'restic-core/node'
import { portableKernel } from 'restic-core/portable'

const [folder = '', path = '', target = ''] = process.argv.slice(2)

/** Names of what the other entry points give; a wrong path in a manifest ends the program here. */
const given: readonly object[] = [restBackend, memoryBackend, parseSnapshot, portableKernel]
/** Of a folder that is not synced. */
const { outcome } = await pull({ packFolder: target })

/** What a program's own settings leave out may be passed on as it is. */
interface Settings
  extends Pick<LockOptions, 'retryMs'>, Pick<RetryOptions, 'totalMs'>, SnapshotFilter {
  readonly connections?: number
}
const { connections, retryMs, totalMs, hosts, tagLists, paths }: Settings = {}

await using repository = await initRepository({
  backend: localBackend({ path: folder, connections }),
  retry: { totalMs },
  password: 'p',
  hostname: 'here',
  username: 'me',
  cost: { N: 1024, r: 8, p: 1 },
})
await using _lock = await repository.lock('shared', { retryMs })
const indexed = await repository.loadIndex()
const { tree, summary } = await backup(indexed, fileSource(), {
  targets: layOutTargets([path], () => []),
  snapshot: {
    paths: [path],
    hostname: 'here',
    username: 'me',
    uid: 0,
    gid: 0,
    programVersion: 'packed-program',
  },
})
await repository.findSnapshot('latest', { hosts, tagLists, paths })
const restored = fileTarget({ root: target })
const plan = await planRestore(indexed, tree, restored, { subfolder: path })
await restore(indexed, plan, restored)
const findings: string[] = []
for await (const { kind } of check(repository, { readData: true })) findings.push(kind)
console.log(
  JSON.stringify({ entryPoints: given.length, files: summary.filesNew, findings, outcome }),
)
