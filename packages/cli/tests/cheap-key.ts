import { addKey, openRepository } from 'restic-core'
import { parseLocation } from '../src/shared/location.ts'
import { openStore } from '../src/shared/store.ts'

/**
 * Adds a key that takes no time to try, for tests that call programs many times.
 *
 * @returns the environment that makes any restic try it first
 */
export async function addCheapKey(
  repo: string,
  password: string,
): Promise<{ readonly RESTIC_KEY_HINT: string }> {
  const backend = await openStore(parseLocation(repo), { environment: {} })
  await using repository = await openRepository({ backend, password })
  const cost = { N: 1024, r: 8, p: 1 }
  const id = await addKey(repository, { password, hostname: 'test', username: 'test', cost })
  return { RESTIC_KEY_HINT: id }
}
