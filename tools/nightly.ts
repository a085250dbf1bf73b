/**
 * What takes too long for every test run: thousands of random histories of machines that sync
 * (packages/sync/tests/model.ts), against a real server.
 *
 *     node tools/nightly.ts [--runs=2000] [--jobs=N] [--seed=N [--path=P]]
 *
 * The sequences are spread over processes, as many as processors unless --jobs says otherwise, each
 * with a server and a seed of its own. A failure is shrunk and printed with the seed and path that
 * play it again in one process.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { checkModel } from '../packages/sync/tests/model.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string' },
    path: { type: 'string' },
  },
})
const runs = Number(values.runs)
const jobs = values.path === undefined ? Number(values.jobs) : 1
const seed = values.seed === undefined ? Date.now() & 0x7fff_ffff : Number(values.seed)

if (process.send === undefined) {
  process.exitCode = await spread()
} else {
  await play()
  // A failed machine may leave a retry's timer; nothing of it matters any more.
  process.exit(0)
}

/** Runs the sequences in processes and tells how far they are; the exit code. */
async function spread(): Promise<number> {
  const started = performance.now()
  const inSeconds = (): string => `${Math.round((performance.now() - started) / 1000)} s`
  console.log(`${runs} sequences in ${jobs} processes, seed ${seed}`)
  let count = 0
  const ends = Array.from({ length: jobs }, async (_, job) => {
    const child = startJob(job)
    child.on('message', () => {
      if (++count % 100 === 0) console.log(`${count} sequences in ${inSeconds()}`)
    })
    const [code] = (await once(child, 'exit')) as [number | null]
    return code === 0
  })
  if ((await Promise.all(ends)).every(Boolean) && count === runs) {
    console.log(`all ${count} sequences keep their content and end equal, in ${inSeconds()}`)
    return 0
  }
  console.log(`a sequence failed; ${count} were well, in ${inSeconds()}`)
  return 1
}

function startJob(job: number): ChildProcess {
  const share = Math.floor(runs / jobs) + (job < runs % jobs ? 1 : 0)
  const path = values.path === undefined ? [] : [`--path=${values.path}`]
  return fork(import.meta.filename, [`--runs=${share}`, `--seed=${seed + job}`, ...path])
}

async function play(): Promise<void> {
  await checkModel({
    runs,
    seed,
    path: values.path,
    checkEvery: 50,
    onFailure: (error, played) =>
      console.log(`seed ${seed}: ${String(error)}\n${JSON.stringify(played)}`),
    onRun: (count) => process.send?.(count),
  })
}
