import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../tests/machine.ts'
import { nodeFiles } from './node-files.ts'

it('tells what stands in the way without paths of this machine', async () => {
  using folder = temporaryFolder()
  const files = nodeFiles(folder.path)
  writeFileSync(join(folder.path, 'file'), '')
  symlinkSync('loop', join(folder.path, 'loop'))
  await files.makeFolder('folder')
  expect(() => files.list('file')).toThrow('cannot read file: it is not a folder')
  await expect(files.makeFolder('file')).rejects.toThrow(/^cannot write file: something else has/)
  await expect(files.read('folder')).rejects.toThrow(/^cannot read folder: it is a folder$/)
  await expect(files.read('loop')).rejects.toThrow(/^cannot read loop: it is a link that leads/)
})
