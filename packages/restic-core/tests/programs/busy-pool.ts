/** Disposes pools whose threads are about to answer, with nothing else that keeps this program alive. */
import { threadPool } from '../../src/node/thread-pool.ts'

for (let ms = 0; ms < 10; ms += 1.5) {
  const pool = threadPool({ size: 2 })
  const mix = (N: number): Promise<unknown> =>
    pool.run('mixScrypt', { blocks: new Uint8Array(1024), cost: { N, r: 8 } })
  await Promise.all([mix(2), mix(2)])
  for (const N of [512, 2048]) mix(N).catch(() => undefined)
  const until = performance.now() + ms
  while (performance.now() < until);
  await pool[Symbol.asyncDispose]()
}
console.log('ended')
