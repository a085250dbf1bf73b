import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyId } from 'restic-core'
import { nodeKernel } from 'restic-core/node'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../tests/machine.ts'
import { nodeFiles } from '../node/node-files.ts'
import { keepOpenedKey, readOpenedKey } from './key-cache.ts'

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7)

it('takes a kept key that is damaged anywhere for none', async () => {
  using folder = temporaryFolder()
  const files = nodeFiles(folder.path)
  const kernel = await nodeKernel()
  const source = { location: '/cloud', password: 'secret' }
  const masterKey = { encrypt: bytes(32), macK: bytes(16), macR: bytes(16) }
  await keepOpenedKey(files, source, { keyId: 'ab'.repeat(32) as KeyId, masterKey }, kernel)
  expect(await readOpenedKey(files, source, kernel)).toMatchObject({ masterKey })
  const path = join(folder.path, '.cloud-sync/cache/key.json')
  const text = readFileSync(path, 'utf8')
  const start = text.indexOf('"encrypt":"') + '"encrypt":"'.length
  for (const wrong of ['', 'A', '%', '=']) {
    for (let cut = 1; cut <= 4; cut++) {
      writeFileSync(path, text.slice(0, start) + wrong + text.slice(start + cut))
      expect(await readOpenedKey(files, source, kernel), `${wrong} for ${cut}`).toBeUndefined()
    }
  }
})
