import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type IndexColumns,
  type MasterKey,
  formatIndexFile,
  openMasterKey,
  parseKeyFile,
  seal,
  sealOverhead,
  wrapFile,
} from '../../packages/restic-core/src/format/index.ts'
import type { Kernel } from '../../packages/restic-core/src/kernel/kernel.ts'
import { nodeKernel } from '../../packages/restic-core/src/node/kernel.ts'
import { Random } from './random.ts'

/** Where restic starts the next index file. */
const blobsPerIndex = 50_000
/** Some 16 MiB of blobs of a quarter MiB. */
const blobsPerPack = 64

/**
 * Adds index files that name `count` blobs which nobody stored, in the folder of a repository of
 * version 2. To open a repository, restic reads its index and looks at no pack, and so do we.
 */
export async function addIndexedBlobs(
  repository: { readonly folder: string; readonly password: string },
  count: number,
): Promise<void> {
  const kernel = await nodeKernel()
  const key = masterKeyOf(kernel, repository)
  const random = new Random('indexed blobs')
  for (let left = count; left > 0; left -= blobsPerIndex) {
    const json = formatIndexFile(inventedIndex(random, Math.min(left, blobsPerIndex)))
    const sealed = seal(kernel, key, wrapFile(kernel, 2, json), random.bytes(16))
    const name = createHash('sha256').update(sealed).digest('hex')
    writeFileSync(join(repository.folder, 'index', name), sealed, { flag: 'wx' })
  }
}

/** Every tenth pack is one of trees. */
function inventedIndex(random: Random, count: number): IndexColumns {
  const packCount = Math.ceil(count / blobsPerPack)
  const columns = {
    packs: random.bytes(packCount * 32),
    ids: random.bytes(count * 32),
    pack: new Uint32Array(count),
    offset: new Uint32Array(count),
    length: new Uint32Array(count),
    uncompressedLength: new Uint32Array(count),
    types: new Uint8Array(count),
  }
  let offset = 0
  for (let row = 0; row < count; row++) {
    const pack = Math.floor(row / blobsPerPack)
    if (row % blobsPerPack === 0) offset = 0
    const plainLength = 1 + Math.floor(random.exponential(2 ** 18))
    const length = Math.ceil(plainLength / 2) + sealOverhead
    columns.pack[row] = pack
    columns.offset[row] = offset
    columns.length[row] = length
    columns.uncompressedLength[row] = plainLength
    columns.types[row] = pack % 10 === 0 ? 1 : 0
    offset += length
  }
  return columns
}

function masterKeyOf(
  kernel: Kernel,
  { folder, password }: { readonly folder: string; readonly password: string },
): MasterKey {
  for (const name of readdirSync(join(folder, 'keys'))) {
    const file = parseKeyFile(readFileSync(join(folder, 'keys', name)), name)
    const key = openMasterKey(kernel, password, file, name)
    if (key !== undefined) return key
  }
  throw new Error(`no key of ${folder} opens with its password`)
}
