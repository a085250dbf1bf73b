/**
 * Style as a test: who may import whom, what portable code may use, names and lengths of files,
 * runtime dependencies. Reads text only; prints `file:line: reason` for each failure.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const linesMax = 400
const skippedFolders = new Set(['node_modules', 'dist', 'wasm', 'coverage', 'repositories'])
const folders = ['packages', 'tools', 'fixtures', 'bench']

/** Rings of restic-core, and what each may import beside itself. Tests may import anything. */
const rings: Readonly<Record<string, readonly string[]>> = {
  base: [],
  kernel: ['base'],
  format: ['kernel', 'base'],
  backend: ['base'],
  work: ['format', 'kernel', 'base'],
  repository: ['work', 'backend', 'format', 'kernel', 'base'],
  operations: ['repository', 'work', 'format', 'kernel', 'base'],
  node: ['portable', 'operations', 'repository', 'work', 'backend', 'format', 'kernel', 'base'],
  portable: ['operations', 'repository', 'work', 'backend', 'format', 'kernel', 'base'],
}
const ringsWithNode = new Set(['node', 'testing'])
const core = 'packages/restic-core/src/'

const ours = {
  core: 'restic-core',
  rest: '@instance-sync/rest-backend',
  local: '@instance-sync/local-backend',
  sync: '@instance-sync/sync',
}

interface PackageRule {
  /** Exactly what stands in the package's `dependencies`, or `devDependencies` where it is bundled. */
  readonly dependencies: readonly string[]
  /** Whether what is published carries what it uses. */
  readonly isBundled?: true
  /** The only entry point of restic-core it may import, when it may not import all of them. */
  readonly coreEntry?: string
}

const packages: Readonly<Record<string, PackageRule>> = {
  'restic-core': {
    dependencies: ['@noble/ciphers', '@noble/hashes', 'cbor-x', 'scrypt-js', 'zod'],
  },
  'rest-backend': { dependencies: [ours.core, 'zod'], coreEntry: 'restic-core/backend' },
  'local-backend': { dependencies: [ours.core], coreEntry: 'restic-core/backend' },
  sync: { dependencies: [ours.core, ours.local, ours.rest, 'zod'] },
  cli: {
    dependencies: [ours.core, ours.local, ours.rest, ours.sync, 'commander', 'zod'],
    isBundled: true,
  },
}

/** Reasons why the tree below `root` is not tidy, each with its place. */
export function tidy(root: string): string[] {
  const failures: string[] = []
  for (const file of typescriptFiles(root)) {
    const text = readFileSync(join(root, file), 'utf8')
    const found = [...textFailures(file, text), ...importFailures(file, text)]
    if (isPortable(file)) found.push(...globalFailures(text))
    failures.push(...found.map(({ line, reason }) => `${file}:${line}: ${reason}`))
  }
  return [...failures, ...dependencyFailures(root)]
}

interface Failure {
  readonly line: number
  readonly reason: string
}

function typescriptFiles(root: string): string[] {
  const files = readdirSync(root).filter((name) => name.endsWith('.ts'))
  const walk = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory() && !skippedFolders.has(entry.name)) walk(path)
      else if (entry.isFile() && entry.name.endsWith('.ts')) files.push(path)
    }
  }
  for (const folder of folders) if (existsSync(join(root, folder))) walk(folder)
  return files.toSorted((a, b) => (a < b ? -1 : 1))
}

function* textFailures(file: string, text: string): Generator<Failure> {
  const badName = file.split('/').find((part) => !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(part))
  if (badName !== undefined) yield { line: 1, reason: `${badName} is not kebab-case` }
  const lines = text.split('\n')
  if (lines.length - 1 > linesMax) {
    yield { line: linesMax + 1, reason: `${lines.length - 1} lines, more than ${linesMax}` }
  }
  for (const [n, line] of lines.entries()) {
    // Spelled so that this line is not a finding.
    const word = /\b(?:TO{1}DO|FIX{1}ME)\b/.exec(line)?.[0]
    if (word !== undefined)
      yield { line: n + 1, reason: `${word}: do it, or write it down elsewhere` }
  }
}

function* globalFailures(text: string): Generator<Failure> {
  for (const [n, line] of withoutComments(text).split('\n').entries()) {
    const global = /(?<![.\w'])(?:Buffer|process(?=\.)|setImmediate)\b/.exec(line)?.[0]
    if (global !== undefined)
      yield { line: n + 1, reason: `${global} is Node's: not in a portable ring` }
  }
}

function* importFailures(file: string, text: string): Generator<Failure> {
  const imports = /(?:\bfrom\s+|\bimport\s*\(?\s*)['"]([^'"\n]+)['"]/g
  const code = withoutComments(text)
  for (const match of code.matchAll(imports)) {
    const line = code.slice(0, match.index).split('\n').length
    const specifier = match[1] ?? ''
    const reason = packageReason(file, specifier) ?? ringReason(file, specifier)
    if (reason !== undefined) yield { line, reason }
  }
}

/** Between packages, and to what comes from the registry. */
function packageReason(file: string, specifier: string): string | undefined {
  const [, name = ''] = /^packages\/([^/]+)\/src\//.exec(file) ?? []
  const rule = packages[name]
  if (rule === undefined || specifier.startsWith('#')) return undefined
  if (specifier.startsWith('.')) {
    const outside = !normalize(join(dirname(file), specifier)).startsWith(`packages/${name}/src/`)
    return outside && !isTest(file) ? `${specifier} leaves the package's sources` : undefined
  }
  if (specifier.startsWith('node:')) return undefined
  const bare = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? ''
  const mayTest = isTest(file) || file.startsWith(`${core}testing/`)
  if (specifier === 'restic-core/testing') return mayTest ? undefined : 'testing is for tests only'
  if (bare === ours.core && rule.coreEntry !== undefined && specifier !== rule.coreEntry) {
    return `${name} may import ${rule.coreEntry} only, not ${specifier}`
  }
  const isOurs = Object.values(ours).includes(bare)
  if (rule.dependencies.includes(bare) || (mayTest && !isOurs)) return undefined
  return `${name} may not import ${bare}`
}

/** Between the rings of restic-core. */
function ringReason(file: string, specifier: string): string | undefined {
  if (!file.startsWith(core) || isTest(file)) return undefined
  const from = ringOf(file)
  if (specifier.startsWith('node:')) {
    return isPortable(file) ? `${specifier} is Node's: not in a portable ring` : undefined
  }
  if (from.ring === 'testing' || from.ring === 'index.ts') {
    return from.ring === 'index.ts' && specifier.startsWith('./testing/')
      ? 'testing is for tests only'
      : undefined
  }
  const allowed = rings[from.ring]
  if (allowed === undefined) return `${from.ring} is no ring of restic-core`
  if (specifier === '#runtime') return 'only index.ts binds #runtime'
  if (!specifier.startsWith('.')) return undefined
  const to = ringOf(normalize(join(dirname(file), specifier)))
  if (to.ring !== from.ring) {
    if (to.ring === 'testing') return 'testing is for tests only'
    return allowed.includes(to.ring) ? undefined : `${from.ring} may not import ${to.ring}`
  }
  const otherVerb = from.ring === 'operations' && to.verb !== from.verb && to.verb !== 'shared'
  return otherVerb && from.verb !== 'index.ts'
    ? `${from.verb} may not import ${to.verb}`
    : undefined
}

/** `verb` is the folder below `operations`, or the name of a file directly in it. */
function ringOf(file: string): { readonly ring: string; readonly verb: string } {
  const [ring = '', verb = ''] = file.slice(core.length).split('/')
  return { ring, verb }
}

function isPortable(file: string): boolean {
  return file.startsWith(core) && !isTest(file) && !ringsWithNode.has(ringOf(file).ring)
}

function isTest(file: string): boolean {
  return file.endsWith('.test.ts') || /^packages\/[^/]+\/tests\//.test(file)
}

/** Comments become spaces, so that every line keeps its number. */
function withoutComments(text: string): string {
  return text.replaceAll(/(?<=^|\s)\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm, (comment) =>
    comment.replaceAll(/[^\n]/g, ' '),
  )
}

function dependencyFailures(root: string): string[] {
  const failures: string[] = []
  for (const [name, { dependencies, isBundled = false }] of Object.entries(packages)) {
    const file = `packages/${name}/package.json`
    if (!existsSync(join(root, file))) continue
    const text = readFileSync(join(root, file), 'utf8')
    const manifest: Record<'dependencies' | 'devDependencies', Record<string, string> | undefined> =
      JSON.parse(text)
    const kind = isBundled ? 'devDependencies' : 'dependencies'
    const present = Object.keys(manifest[kind] ?? {})
    const lineOf = (word: string) => text.slice(0, text.indexOf(`"${word}"`)).split('\n').length
    for (const extra of present.filter((each) => !dependencies.includes(each))) {
      failures.push(
        `${file}:${lineOf(extra)}: ${extra} is not an agreed dependency (tools/tidy.ts)`,
      )
    }
    for (const absent of dependencies.filter((each) => !present.includes(each))) {
      failures.push(`${file}:1: ${absent} is agreed in tools/tidy.ts and not here`)
    }
  }
  return failures
}

if (import.meta.main) {
  const failures = tidy(join(import.meta.dirname, '..'))
  for (const failure of failures) process.stdout.write(`${failure}\n`)
  process.exitCode = failures.length === 0 ? 0 : 1
}
