/** Restores what node:fs alone cannot make, into the target given, and prints what is there then. */
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { fileSource } from '../../src/node/file-source.ts'
import { fileTarget } from '../../src/node/file-target.ts'
import { nodeFileAccess } from '../../src/node/file-access.ts'
import { planRestore } from '../../src/operations/restorer/plan.ts'
import { restore } from '../../src/operations/restorer/restore.ts'
import { testRepository } from '../../src/testing/test-repository.ts'
import { testRuntime } from '../../src/testing/test-runtime.ts'
import { storeTree } from '../../src/testing/tree-literals.ts'

const [root = ''] = process.argv.slice(2)
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const mtime = '2024-05-06T07:08:09.123456789Z'
const early = '1960-02-03T04:05:06.987654321Z'
const runtime = await testRuntime({ files: nodeFileAccess() })
const repository = await (await testRepository({ runtime })).loadIndex()
const attributes = (value: string) => [
  { name: 'user.colour', value: bytes(value) },
  { name: 'user.empty', value: null },
]
const trees = [
  [{ name: 'file', data: [], extendedAttributes: [{ name: 'user.gone', value: bytes('x') }] }],
  [
    { name: 'file', data: [], mtime, extendedAttributes: attributes('red') },
    { name: 'directory', entries: [], mtime: early, extendedAttributes: attributes('blue') },
    { name: 'pipe', type: 'fifo', mtime },
    { name: 'link', type: 'symlink', linktarget: 'nowhere', mtime },
    { name: 'null', type: 'chardev', device: 0x103n, mtime },
  ],
] as const
const target = fileTarget({ root })
const source = fileSource()
let notKept = {}
for (const tree of trees) {
  const plan = await planRestore(repository, await storeTree(repository, tree), target)
  notKept = (await restore(repository, plan, target)).notKept
}
const entries = source
  .list(root)
  .toSorted()
  .map((name) => {
    const { type, mtimeNs, device } = source.entry(join(root, name))
    const listed = source.extendedAttributes(join(root, name), { follow: false })
    return {
      name,
      type,
      mtime: String(mtimeNs),
      device: Number(device),
      mode: lstatSync(join(root, name)).mode & 0o7777,
      attributes: listed.map(
        (attribute) =>
          `${attribute.name}=${new TextDecoder().decode(attribute.value ?? undefined)}`,
      ),
    }
  })
console.log(JSON.stringify({ notKept, entries }))
