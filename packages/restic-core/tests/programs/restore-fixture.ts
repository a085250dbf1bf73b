/** Restores the snapshots of a fixture, one after the other: fixture, target. Prints the summaries. */
import { type FixtureName, fixturePath, readFixture } from '../../../../fixtures/read-manifest.ts'
import { memoryBackend } from '../../src/backend/memory.ts'
import type { TreeId } from '../../src/base/id.ts'
import { fileTarget } from '../../src/node/file-target.ts'
import { nodeRuntime } from '../../src/node/runtime.ts'
import type { RestoreSummary } from '../../src/operations/restorer/events.ts'
import { planRestore } from '../../src/operations/restorer/plan.ts'
import { restore } from '../../src/operations/restorer/restore.ts'
import { openRepository } from '../../src/repository/open.ts'
import { filesOfFolder } from '../../src/testing/stored-files.ts'

const [name = '', root = ''] = process.argv.slice(2)
const { password, snapshots } = await readFixture(name as FixtureName)
const backend = memoryBackend({ files: filesOfFolder(fixturePath(name as FixtureName)) })
const runtime = await nodeRuntime({ threads: 2 })
const session = await openRepository({ backend, runtime, password })
const repository = await session.loadIndex()
const target = fileTarget({ root })
const summaries: RestoreSummary[] = []
for (const { tree } of snapshots) {
  const plan = await planRestore(repository, tree as TreeId, target, { delete: true })
  summaries.push(await restore(repository, plan, target, { verify: true }))
}
await runtime[Symbol.asyncDispose]()
console.log(JSON.stringify(summaries))
