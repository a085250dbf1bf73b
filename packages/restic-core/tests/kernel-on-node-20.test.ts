import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const node20 = join(root, 'tools/runtimes/node-20/node_modules/.bin/node')

/** Answers as JSON; no zstd in node:zlib there, so it comes out of the bundle. */
const program = `
  import { nodeKernel } from './packages/restic-core/src/node/kernel.ts'
  import { portableKernel } from './packages/restic-core/src/portable/kernel.ts'
  const data = new TextEncoder().encode('one file, nothing beside it. '.repeat(500))
  const answers = []
  for (const kernel of [await nodeKernel(), await portableKernel()]) {
    const frame = kernel.compress(data, 3)
    answers.push({
      hash: Buffer.from(kernel.sha256(data)).toString('hex'),
      tag: Buffer.from(kernel.poly1305(data.subarray(0, 32), data)).toString('hex'),
      isSmaller: frame.length < data.length / 10,
      isSame: Buffer.compare(kernel.decompress(frame, data.length), data) === 0,
      cut: kernel.chunker(0x3da3358b4dc173n).cut(new Uint8Array(600000), 0, 600000),
    })
  }
  console.log(JSON.stringify({ node: process.version, answers }))
`

describe('the kernels in one bundled file on Node 20', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kernel-bundle-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('work without a file beside them', async () => {
    const outfile = join(folder, 'program.mjs')
    await build({
      stdin: { contents: program, resolveDir: root, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      outfile,
    })
    const { stdout, stderr } = await promisify(execFile)(node20, [outfile])
    expect(stderr).toBe('')
    const { node, answers } = JSON.parse(stdout) as { node: string; answers: unknown[] }
    expect(node).toMatch(/^v20\./)
    expect(answers[0]).toMatchObject({ isSmaller: true, isSame: true, cut: 524_288 })
    expect(answers[1]).toEqual(answers[0])
  })
})
