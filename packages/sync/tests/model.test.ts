import { expect, it } from 'vitest'
import { checkModel } from './model.ts'

const runs = 100

it(`keeps every content and brings all machines together, in ${runs} random sequences`, async () => {
  // fast-check prints the seed of a failure; tools/nightly.ts takes it with --seed.
  await expect(checkModel({ runs, checkEvery: 25 })).resolves.toBeUndefined()
}, 600_000)
