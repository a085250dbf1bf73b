/**
 * What takes too long for every test run: thousands of random histories of machines that sync
 * (packages/sync/tests/model.ts), against a real server.
 *
 *     node tools/nightly.ts [--runs=2000] [--seed=N --path=P]
 *
 * A failure is shrunk and printed with the seed and path that play it again.
 */
import { parseArgs } from 'node:util'
import { checkModel } from '../packages/sync/tests/model.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    seed: { type: 'string' },
    path: { type: 'string' },
  },
})
const runs = Number(values.runs)
const seed = values.seed === undefined ? Date.now() & 0x7fff_ffff : Number(values.seed)
const started = performance.now()
console.log(`${runs} sequences, seed ${seed}`)
await checkModel({
  runs,
  seed,
  path: values.path,
  checkEvery: 50,
  onFailure: (error, played) => console.log(`${String(error)}\n${JSON.stringify(played)}`),
  onRun(count) {
    const seconds = Math.round((performance.now() - started) / 1000)
    if (count % 100 === 0) console.log(`${count} sequences in ${seconds} s`)
  },
})
console.log(`all ${runs} sequences keep their content and end equal`)
process.exit(0)
