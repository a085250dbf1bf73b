import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildModules, type GeneratedModule } from '../kernels/build.ts'

describe('the generated WebAssembly modules', () => {
  let modules: readonly GeneratedModule[]
  beforeAll(async () => {
    modules = await buildModules()
  })

  it('are what their sources compile to', async () => {
    expect(modules.map(({ file }) => basename(file))).toEqual([
      'kernels.ts',
      'scrypt.ts',
      'zstd.ts',
    ])
    for (const { file, wasm } of modules) {
      const text = await readFile(file, 'utf8')
      // Compared before compression, which may differ between versions of zlib.
      const bytes = Buffer.from(/`([^`]*)`/.exec(text)?.[1] ?? '', 'base64')
      const written = bytes[0] === 0x1f ? gunzipSync(bytes) : bytes
      expect(sha256(written)).toBe(sha256(wasm))
      expect(text).toContain(`WebAssembly, ${wasm.length} bytes, SHA-256 ${sha256(wasm)}`)
    }
  })

  it('are the same each time', async () => {
    const again = await buildModules()
    expect(again.map(({ text }) => text)).toEqual(modules.map(({ text }) => text))
  })
})

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
