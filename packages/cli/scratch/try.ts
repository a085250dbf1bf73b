import { initRepository } from '../../restic-core/src/repository/init.ts'
import { openRepository } from '../../restic-core/src/repository/open.ts'
import { nodeRuntime } from '../../restic-core/src/node/runtime.ts'
import { fileSource } from '../../restic-core/src/node/file-source.ts'
import { backup } from '../../restic-core/src/operations/archiver/backup.ts'
import { layOutTargets } from '../../restic-core/src/operations/archiver/targets.ts'
import { localBackend } from '../../local-backend/src/index.ts'
import { rmSync } from 'node:fs'

const [, , repoPath, folder, parent] = process.argv
await using runtime = await nodeRuntime()
let t = performance.now()
const lap = (what: string) => {
  const n = performance.now()
  console.log(what, Math.round(n - t), 'ms')
  t = n
}
if (!parent) {
  rmSync(repoPath, { recursive: true, force: true })
  const r = await initRepository({
    backend: localBackend({ path: repoPath }),
    runtime,
    password: 'x',
    hostname: 'h',
    username: 'u',
  })
  await r[Symbol.asyncDispose]()
  lap('init')
}
await using repo0 = await openRepository({
  backend: localBackend({ path: repoPath }),
  runtime,
  password: 'x',
})
lap('open')
const repo = await repo0.loadIndex()
lap('index')
const source = fileSource()
const p = parent && parent !== 'noparent' ? await repo.findSnapshot('latest') : undefined
const result = await backup(repo, source, {
  targets: layOutTargets([folder], (x) => source.list(x)),
  parent: p,
  snapshot: {
    paths: [folder],
    hostname: 'h',
    username: 'u',
    uid: 0,
    gid: 0,
    programVersion: 'instance-sync 0.1.0',
  },
})
lap('backup')
console.log(result, (process.resourceUsage().maxRSS / 1024) | 0, 'MiB', process.cpuUsage())
