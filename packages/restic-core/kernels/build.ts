/**
 * Writes src/portable/wasm/*.ts: WebAssembly as text, so that a program is one file.
 *
 *     node packages/restic-core/kernels/build.ts
 *
 * The same input gives the same bytes; tests/wasm-build.test.ts builds again and compares.
 */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as asc from 'assemblyscript/asc'

const here = import.meta.dirname
const outputFolder = join(here, '../src/portable/wasm')

/** A generated module: what it holds, and the lines it is written as. */
export interface GeneratedModule {
  readonly file: string
  readonly wasm: Uint8Array
  readonly text: string
}

export async function buildModules(): Promise<readonly GeneratedModule[]> {
  return [
    await ownModule('kernels', 'The chunker and Poly1305'),
    // Apart, since it wants vector instructions, and memory that nobody keeps.
    await ownModule('scrypt', 'ROMix of scrypt', ['--enable', 'simd']),
    await zstdModule(),
  ]
}

/** Kernels of our own: as plain bytes, they are small. */
async function ownModule(
  name: string,
  title: string,
  flags: readonly string[] = [],
): Promise<GeneratedModule> {
  const wasm = await compile(`${name}.ts`, flags)
  const comment = [
    `${title}, compiled from kernels/*.ts by kernels/build.ts.`,
    `WebAssembly, ${wasm.length} bytes, SHA-256 ${sha256(wasm)}`,
  ]
  return {
    file: join(outputFolder, `${name}.ts`),
    wasm,
    text: moduleText(comment, `${name}Wasm`, toBase64(wasm)),
  }
}

/** zstd as @bokuweb/zstd-wasm compiled it, without that package's loader, which wants a file beside it. */
async function zstdModule(): Promise<GeneratedModule> {
  const require = createRequire(import.meta.url)
  const wasm = await readFile(join(dirname(require.resolve('@bokuweb/zstd-wasm')), 'zstd.wasm'))
  const license = await readFile(join(here, 'zstd-license.txt'), 'utf8')
  const comment = [
    '@license',
    'zstd, from the npm package @bokuweb/zstd-wasm 0.0.27, gzipped by kernels/build.ts.',
    `WebAssembly, ${wasm.length} bytes, SHA-256 ${sha256(wasm)}`,
    '',
    ...license.trim().split('\n'),
  ]
  return {
    file: join(outputFolder, 'zstd.ts'),
    wasm,
    text: moduleText(comment, 'zstdWasmGzip', toBase64(gzipSync(wasm, { level: 9 }))),
  }
}

async function compile(source: string, flags: readonly string[]): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    [
      join(here, source),
      ...['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort=', '--initialMemory', '1'],
      ...flags,
      ...['--outFile', 'kernels.wasm'],
    ],
    {
      writeFile: (name, contents) => {
        if (name === 'kernels.wasm' && contents instanceof Uint8Array) wasm = contents
      },
    },
  )
  if (error) throw new Error(stderr.toString(), { cause: error })
  if (wasm === undefined) throw new Error('the compiler wrote nothing')
  return wasm
}

function moduleText(comment: readonly string[], name: string, base64: string): string {
  const lines = base64.match(/.{1,96}/g) ?? []
  return [
    '/**',
    ...comment.map((line) => (line === '' ? ' *' : ` * ${line}`)),
    ' */',
    `export const ${name}: string = \``,
    ...lines,
    '`',
    '',
  ].join('\n')
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

if (import.meta.main) {
  for (const { file, text } of await buildModules()) await writeFile(file, text)
}
