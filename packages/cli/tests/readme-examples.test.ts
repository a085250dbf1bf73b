/**
 * The TypeScript examples of the documentation: types checked, and those of the README run, each in
 * a process of its own, with their paths and addresses replaced by ones that exist.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { init } from '@instance-sync/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeSample } from '../../../fixtures/sample.ts'
import { peers } from '../../../tools/peers.ts'
import { runRestic } from '../../../tools/servers.ts'
import { folderState } from './folder-state.ts'

const execute = promisify(execFile)
const root = join(import.meta.dirname, '../../..')
/** Inside this package, so that its dependencies are found; git ignores it. */
const examplesRoot = join(import.meta.dirname, '../dist')
const pages = [
  'README.md',
  'docs/launchers/frazclient.md',
  'packages/restic-core/README.md',
  'packages/rest-backend/README.md',
  'packages/local-backend/README.md',
  'packages/sync/README.md',
]

interface Example {
  /** as the comment above it says */
  readonly name: string | undefined
  readonly code: string
}

function examplesIn(markdown: string): Example[] {
  const blocks = markdown.matchAll(/(?:<!-- example: ([\w-]+) -->\s+)?```ts\n([^]*?)\n```/g)
  return [...blocks].map(([, name, code = '']) => ({ name, code: `${code}\n` }))
}

async function readExamples(page: string): Promise<Example[]> {
  return examplesIn(await readFile(join(root, page), 'utf8'))
}

let work = ''
let scratch = ''
beforeAll(async () => {
  await mkdir(examplesRoot, { recursive: true })
  work = await mkdtemp(join(examplesRoot, 'examples-'))
  scratch = await mkdtemp(join(tmpdir(), 'examples-'))
})
afterAll(async () => {
  await rm(work, { recursive: true })
  await rm(scratch, { recursive: true })
})

/** Runs an example of the README with other texts in the place of some. */
async function run(name: string, places: Readonly<Record<string, string>>) {
  const example = (await readExamples('README.md')).find((each) => each.name === name)
  if (example === undefined) throw new Error(`the README has no example ${name}`)
  let { code } = example
  for (const [text, place] of Object.entries(places)) {
    // Otherwise the example would work on somebody's own folders.
    if (!code.includes(text)) throw new Error(`example ${name} does not name ${text}`)
    code = code.replaceAll(text, place)
  }
  const file = join(work, `${name}.ts`)
  await writeFile(file, code)
  return execute(process.execPath, [file])
}

/** What every Node can restore: it has no way to make fifos and to set times exactly. */
function contents(folder: string) {
  return folderState(folder)
    .filter(({ type }) => type !== 'fifo')
    .map(({ path, type, content }) => ({ path, type, content }))
}

describe('examples', () => {
  it('have the right types, everywhere', { timeout: 120_000 }, async () => {
    let count = 0
    for (const [number, page] of pages.entries()) {
      for (const { code } of await readExamples(page)) {
        await writeFile(join(work, `page-${number}-${count++}.ts`), code)
      }
    }
    expect(count).toBeGreaterThanOrEqual(pages.length)
    const config = {
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: {
        noEmit: true,
        types: ['node'],
        allowImportingTsExtensions: true,
        rewriteRelativeImportExtensions: false,
        // These want declarations to be written.
        composite: false,
        declarationMap: false,
        isolatedDeclarations: false,
      },
      include: ['*.ts'],
    }
    await writeFile(join(work, 'tsconfig.json'), JSON.stringify(config))
    const tsc = join(root, 'node_modules/.bin/tsc')
    const { stdout } = await execute(tsc, ['-p', work]).catch((error: { stdout: string }) => error)
    // The packages' own sources are checked elsewhere, with what their projects declare.
    expect(stdout.split('\n').filter((line) => line.includes(basename(work)))).toEqual([])
  })
})

describe('the README', () => {
  it('stores, restores and checks in its example of the core', async () => {
    const place = join(scratch, 'core')
    await mkdir(place)
    await writeSample(join(place, 'folder'))
    const { stdout, stderr } = await run('core', { '/tmp/example': place })
    expect(stdout).toMatch(/^snapshot [0-9a-f]{64}: \d+ bytes\n$/)
    expect(stderr).toBe('')
    expect(contents(join(place, 'restored'))).toEqual(contents(join(place, 'folder')))
    const { restic018 } = await peers()
    const options = { repo: join(place, 'repository'), password: 'correct horse battery staple' }
    expect(await runRestic(restic018, ['check', '--read-data'], options)).toMatchObject({ code: 0 })
  })

  it('tells errors apart in its example of errors', async () => {
    const { stdout } = await run('errors', { '/nowhere': join(scratch, 'nowhere') })
    expect(stdout).toContain('repository')
  })

  it('pulls and pushes in its example of a sync', async () => {
    const packFolder = join(scratch, 'instance')
    await mkdir(join(packFolder, 'saves/World'), { recursive: true })
    await writeFile(join(packFolder, 'saves/World/level.dat'), 'level')
    const token = { account: 'ada', password: 'secret' }
    await init({ packFolder, url: join(scratch, 'cloud'), token })
    await run('sync', { '/games/instances/Example': packFolder })
    const state = JSON.parse(await readFile(join(packFolder, '.cloud-sync/state.json'), 'utf8'))
    expect(state).toMatchObject({ base: { snapshot: expect.stringMatching(/^[0-9a-f]{64}$/) } })
  })
})
