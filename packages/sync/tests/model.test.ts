import { expect, it } from 'vitest'
import { checkModel } from './model.ts'

const runs = 100

it(`keeps every content and brings all machines together, in ${runs} random sequences`, async () => {
  // fast-check prints the seed of a failure; tools/nightly.ts takes it with --seed.
  const model = checkModel({
    runs,
    checkEvery: 25,
    // Shrinking may take longer than this test may.
    onFailure: (error, played) => {
      process.stderr.write(`${String(error)}\n${JSON.stringify(played)}\n`)
    },
  })
  await expect(model).resolves.toBeUndefined()
}, 600_000)
