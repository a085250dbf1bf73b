/**
 * `pnpm test`: types, lint, formatting and tidy, then every test on Node 24, then the packages' own tests
 * on Node 26. The last line is `N passed, N failed`, where a failed check counts as one.
 *
 *     pnpm test [--leg=24|26] [filter ...]
 *
 * Filters are vitest's: parts of file paths. With one, or with a leg, only the tests run.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peers } from './peers.ts'

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules', '.bin', name)

interface Leg {
  readonly major: string
  readonly node: string
  /** Globs of test files this leg leaves to the other one. */
  readonly excluded: readonly string[]
}

const legs: readonly Leg[] = [
  { major: '24', node: bin('node'), excluded: [] },
  {
    major: '26',
    node: join(root, 'tools/runtimes/node-26/node_modules/.bin/node'),
    excluded: ['packages/*/tests/**', 'tools/**', 'bench/**'],
  },
]

const checks: readonly (readonly [program: string, ...args: string[]])[] = [
  [bin('tsc'), '-b'],
  [bin('oxlint'), '--type-aware'],
  [bin('oxfmt'), '--check'],
  [bin('node'), 'tools/tidy.ts'],
]

interface Count {
  readonly passed: number
  readonly failed: number
}

async function test(args: readonly string[]): Promise<Count> {
  const asked = args.find((arg) => arg.startsWith('--leg='))?.slice('--leg='.length)
  const filters = args.filter((arg) => !arg.startsWith('--leg='))
  const chosen = legs.filter(({ major }) => asked === undefined || asked === major)
  if (chosen.length === 0) throw new Error(`--leg is ${legs.map((leg) => leg.major).join(' or ')}`)
  const counts: Count[] = []
  if (args.length === 0) counts.push(await runChecks())
  await peers()
  for (const leg of chosen) {
    // A filter that names only what the first leg runs is no mistake.
    const mayBeEmpty = leg !== chosen[0]
    counts.push(await runLeg(leg, filters, mayBeEmpty))
  }
  return {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
  }
}

/** Failed checks only: what passes here is not a test. */
async function runChecks(): Promise<Count> {
  let failed = 0
  for (const [program, ...args] of checks) {
    if ((await run(program, args)) !== 0) failed++
  }
  return { passed: 0, failed }
}

async function runLeg(leg: Leg, filters: readonly string[], mayBeEmpty: boolean): Promise<Count> {
  process.stdout.write(`\nNode ${leg.major}\n`)
  const folder = await mkdtemp(join(tmpdir(), 'test-report-'))
  const report = join(folder, 'report.json')
  try {
    const code = await run(leg.node, [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...leg.excluded.map((glob) => `--exclude=${glob}`),
      ...(mayBeEmpty ? ['--passWithNoTests'] : []),
      ...filters,
    ])
    // Without a report vitest itself broke down.
    const count = code === 0 || existsSync(report) ? await readReport(report) : nothing
    // An error outside of any test fails the run and is in no test's result.
    return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const nothing: Count = { passed: 0, failed: 0 }

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

async function readReport(file: string): Promise<Count> {
  const report: VitestReport = JSON.parse(await readFile(file, 'utf8'))
  const failedWhole = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every((result) => result.status !== 'failed'),
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + failedWhole.length,
  }
}

async function run(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = await once(child, 'exit')
  return typeof code === 'number' ? code : 1
}

const count = await test(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  return { passed: 0, failed: 1 }
})
process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`)
process.exitCode = count.failed === 0 ? 0 : 1
