/**
 * Bundles the commands: `packages/cli/dist/<name>.mjs`, each one file that needs nothing beside it.
 * The code of the worker threads travels inside as text; WebAssembly is text in the sources already.
 */
import { readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, type Metafile, type Plugin, build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const sources = join(root, 'packages/cli/src')
const nodeRing = join(root, 'packages/restic-core/src/node')

export const programs = ['instance-sync', 'restic-ts'] as const

const common = {
  bundle: true,
  platform: 'node',
  // Debian stable's Node. It parses neither `using` nor `await using`, so they are compiled.
  target: 'node20',
  // Shorter names too would save 3 ms of the 45 that starting takes, and cost errors their names.
  minifySyntax: true,
  minifyWhitespace: true,
  // One character beyond ASCII would make the engine hold, and scan, every character as two bytes.
  charset: 'ascii',
  legalComments: 'eof',
  write: false,
  metafile: true,
  logLevel: 'warning',
  logOverride: { 'import-is-undefined': 'error' },
  absWorkingDir: root,
} as const satisfies BuildOptions

/** CommonJS packages in an ES module ask for Node's own modules through `require`. */
const banner = `#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module'
const require = __createRequire(import.meta.url)
`

interface Bundle {
  readonly text: string
  readonly metafile: Metafile
}

async function bundle(options: BuildOptions): Promise<Bundle> {
  const result = await build({ ...common, ...options })
  const [file] = result.outputFiles ?? []
  if (file === undefined || result.metafile === undefined) throw new Error('esbuild made no file')
  return { text: file.text, metafile: result.metafile }
}

/**
 * What a worker thread runs: a script, since that is what a thread takes as text. It stands in a
 * function, for at the top its variables would collide with the globals that Node gives such scripts.
 */
async function bundleWorker(): Promise<Bundle> {
  const worker = await bundle({ entryPoints: [join(nodeRing, 'worker.ts')], format: 'cjs' })
  return { ...worker, text: `(() => {${worker.text}})()` }
}

function embedWorker(source: string): Plugin {
  return {
    name: 'embed-worker',
    setup: (builder) => {
      builder.onLoad({ filter: /[\\/]node[\\/]worker-entry\.ts$/ }, () => ({
        contents: `export const workerEntry = { get source() { return ${unpacked(source)} } }`,
        loader: 'js',
      }))
    },
  }
}

/**
 * Packages that few calls need, and that are only ever imported when they are needed. They travel as
 * text too: reading past a text takes a tenth of the time that parsing it takes.
 */
const rarelyNeeded = /^cbor-x$/

function embedRarelyNeeded(metafiles: Metafile[]): Plugin {
  const namespace = 'rarely-needed'
  return {
    name: namespace,
    setup: (builder) => {
      builder.onResolve(
        { filter: rarelyNeeded },
        async ({ path, kind, resolveDir, pluginData }) => {
          if (kind !== 'dynamic-import' || pluginData === namespace) return undefined
          const found = await builder.resolve(path, { kind, resolveDir, pluginData: namespace })
          return { path: found.path, namespace }
        },
      )
      builder.onLoad({ filter: /./, namespace }, async ({ path }) => {
        const { text, metafile } = await bundle({ entryPoints: [path], format: 'cjs' })
        metafiles.push(metafile)
        return { contents: evaluated(text), loader: 'js' }
      })
    },
  }
}

/** A CommonJS module that compiles its text when it is first asked for. */
function evaluated(source: string): string {
  const args = ['module', 'exports', 'require']
  const compile = `require('node:vm').compileFunction(${unpacked(source)}, ${JSON.stringify(args)})`
  return `${compile}(${args.join(', ')})`
}

/** An expression that gives a text of ASCII. Packed it is a third as long, and so as quick to read past. */
function unpacked(text: string): string {
  const packed = JSON.stringify(gzipSync(text, { level: 9 }).toString('base64'))
  return `require('node:zlib').gunzipSync(Buffer.from(${packed}, 'base64')).toString('latin1')`
}

/**
 * Node's own modules by `require`, each when it is first needed. To import one, Node asks for all it
 * exports, and some of that loads much: for the WebSockets of `node:http` Node's own undici.
 */
const requireBuiltins: Plugin = {
  name: 'require-builtins',
  setup: (builder) => {
    const namespace = 'builtin'
    builder.onResolve({ filter: /^node:/ }, ({ path, namespace: from }) =>
      from === namespace ? { path, external: true } : { path, namespace },
    )
    builder.onLoad({ filter: /./, namespace }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
      loader: 'js',
    }))
  },
}

/** What the sources use of zod. The build fails when one is missing. */
const zodNames =
  'array, boolean, codec, config, custom, encode, enum, int, literal, looseObject, NEVER, number, ' +
  'object, record, string, union'

/**
 * zod without the three quarters of it that nobody here uses. Modules that are loaded when they are
 * needed are bundled whole, so it is bundled on its own before.
 */
function embedZod(metafiles: Metafile[]): Plugin {
  return {
    name: 'zod',
    setup: (builder) => {
      builder.onLoad({ filter: /[\\/]zod[\\/]index\.js$/ }, async ({ path }) => {
        const contents = `export { ${zodNames} } from ${JSON.stringify(path)}`
        const stdin = { contents, resolveDir: dirname(path) }
        const { text, metafile } = await bundle({ stdin, format: 'esm' })
        metafiles.push(metafile)
        return { contents: text, loader: 'js' }
      })
    },
  }
}

/** The licences of the packages in a bundle, which must go wherever their code goes. */
function licences(...metafiles: readonly Metafile[]): string {
  const packages = new Map<string, string>()
  for (const input of metafiles.flatMap(({ inputs }) => Object.keys(inputs))) {
    const [folder, name] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input) ?? []
    if (folder !== undefined && name !== undefined) packages.set(name, join(root, folder))
  }
  return [...packages]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, folder]) => `${name} ${versionOf(folder)}\n\n${licenceOf(folder)}`)
    .join(`\n\n${'-'.repeat(80)}\n\n`)
}

function versionOf(folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return hasVersion ? String(manifest.version) : ''
}

function licenceOf(folder: string): string {
  for (const name of [
    'LICENSE',
    'LICENSE.md',
    'LICENSE.txt',
    'license',
    'LICENCE',
    'LICENSE-MIT',
  ]) {
    try {
      return asciiOnly(readFileSync(join(folder, name), 'utf8').trim()).replaceAll('*/', '* /')
    } catch {
      // The next name may be the one this package uses.
    }
  }
  throw new Error(`${relative(root, folder)} has no licence file that could go into the bundle`)
}

function asciiOnly(text: string): string {
  return text
    .replaceAll('\u00a9', '(c)')
    .replaceAll(/[\u2018\u2019]/g, "'")
    .replaceAll(/[\u201c\u201d]/g, '"')
    .normalize('NFKD')
    .replaceAll(/[^\n -~]/g, '')
}

async function buildProgram(name: string, worker: Bundle, folder: string): Promise<string> {
  const embedded: Metafile[] = []
  const { text, metafile } = await bundle({
    entryPoints: [join(sources, `${name}.ts`)],
    format: 'esm',
    banner: { js: banner },
    plugins: [
      embedWorker(worker.text),
      embedRarelyNeeded(embedded),
      embedZod(embedded),
      requireBuiltins,
    ],
  })
  const file = join(folder, `${name}.mjs`)
  await mkdir(dirname(file), { recursive: true })
  const notices = `/*\nThis file contains code of these packages.\n\n${licences(metafile, worker.metafile, ...embedded)}\n*/\n`
  await writeFile(file, `${text}${notices}`)
  await chmod(file, 0o755)
  return file
}

/** @returns the files made, in the order of their names */
export async function buildPrograms(
  names: readonly string[] = programs,
  folder: string = join(root, 'packages/cli/dist'),
): Promise<string[]> {
  const worker = await bundleWorker()
  return Promise.all(names.map((name) => buildProgram(name, worker, folder)))
}

if (import.meta.main) {
  for (const file of await buildPrograms(
    process.argv.length > 2 ? process.argv.slice(2) : programs,
  )) {
    console.log(`${relative(root, file)}  ${(readFileSync(file).length / 1024).toFixed(0)} KiB`)
  }
}
