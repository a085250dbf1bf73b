/** A program that holds a shared lock: `lock-holder.ts <folder> <hold|plain>`, until stdin ends. */
import { once } from 'node:events'
import { localBackend } from '../../local-backend/src/index.ts'
import { openRepository } from '../src/index.ts'
import { holdHangup } from '../src/node/hangup.ts'
import { testPassword } from '../src/testing/test-repository.ts'

const [path = '', mode] = process.argv.slice(2)
const hangup = mode === 'hold' ? holdHangup() : undefined
const repository = await openRepository({ backend: localBackend({ path }), password: testPassword })
const lock = await repository.lock('shared')
process.stdout.write(`${lock.id}\n`)
process.stdin.resume()
await once(process.stdin, 'end')
await repository[Symbol.asyncDispose]()
hangup?.[Symbol.dispose]()
