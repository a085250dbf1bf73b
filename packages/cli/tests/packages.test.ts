/** The packages as they are published: a program of a stranger compiles against them and runs. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const execute = promisify(execFile)
const root = join(import.meta.dirname, '../../..')
const bin = (name: string): string => join(root, 'node_modules/.bin', name)
const published = ['restic-core', 'rest-backend', 'local-backend', 'sync'] as const
const nodes = {
  'Node 20': join(root, 'tools/runtimes/node-20/node_modules/.bin/node'),
  'Node 24': bin('node'),
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packages-'))
  await execute(bin('tsc'), ['-b', ...published.map((name) => join(root, 'packages', name))])
  for (const name of published) await install(name)
  await link('@types/node', join(root, 'node_modules'))
  await link('undici-types', join(root, 'node_modules/.pnpm/node_modules'))
  await cp(join(import.meta.dirname, 'packed-program.ts'), join(folder, 'program.ts'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
})
afterAll(() => rm(folder, { recursive: true }))

describe('the packages that pnpm packs', () => {
  it('bring types for a program that is compiled strictly, and all that runs', async () => {
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        files: ['program.ts'],
        compilerOptions: {
          target: 'es2022',
          lib: ['es2024', 'esnext.disposable', 'dom'],
          module: 'nodenext',
          types: ['node'],
          strict: true,
          exactOptionalPropertyTypes: true,
        },
      }),
    )
    const { stdout } = await execute(bin('tsc'), ['-p', folder]).catch(outputOf)
    expect(stdout).toBe('')

    for (const [name, node] of Object.entries(nodes)) {
      const at = join(folder, name.replace(' ', '-'))
      await mkdir(join(at, 'source/below'), { recursive: true })
      await writeFile(join(at, 'source/below/a.txt'), `of ${name}`)
      const target = join(at, 'restored')
      const args = [join(folder, 'program.js'), join(at, 'repository'), join(at, 'source'), target]
      const ran = await execute(node, args)
      expect(JSON.parse(ran.stdout)).toEqual({
        entryPoints: 4,
        files: 1,
        findings: [],
        outcome: 'not-enabled',
      })
      expect(await readFile(join(target, 'below/a.txt'), 'utf8')).toBe(`of ${name}`)
    }
  })

  it.for(published)(
    '%s holds the sources that its source maps name, but no tests',
    async (name) => {
      const at = installed((await manifestOf(join(root, 'packages', name))).name)
      const files = await readdir(at, { recursive: true })
      expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'src/index.ts']))
      expect(files.filter((file) => file.endsWith('.test.ts'))).toEqual([])
      const map: { readonly sources: readonly string[] } = JSON.parse(
        await readFile(join(at, 'dist/index.js.map'), 'utf8'),
      )
      expect(map.sources.map((source) => join(at, 'dist', source))).toEqual([
        join(at, 'src/index.ts'),
      ])
    },
  )
})

/** What a command that failed had to say. */
function outputOf(error: { readonly stdout: string }): { readonly stdout: string } {
  return { stdout: error.stdout }
}

function installed(name: string): string {
  return join(folder, 'node_modules', name)
}

interface Manifest {
  readonly name: string
  readonly dependencies: Readonly<Record<string, string>>
}

async function manifestOf(path: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(path, 'package.json'), 'utf8'))
}

/** Packs a package and unpacks it where a package manager would; the others' code is linked. */
async function install(name: string): Promise<void> {
  const path = join(root, 'packages', name)
  const packed = join(folder, `packed-${name}`)
  await mkdir(packed)
  await pnpm(['pack', '--pack-destination', packed], path)
  const [file = ''] = await readdir(packed)
  const at = installed((await manifestOf(path)).name)
  await mkdir(at, { recursive: true })
  await execute('tar', ['-xzf', join(packed, file), '--strip-components=1', '-C', at])
  const { dependencies } = await manifestOf(at)
  for (const dependency of Object.keys(dependencies)) {
    if (dependency !== 'restic-core') await link(dependency, join(path, 'node_modules'))
  }
}

/** The pnpm that the documentation names: npm itself knows nothing of `publishConfig.exports`. */
async function pnpm(args: readonly string[], cwd: string): Promise<void> {
  const contributing = await readFile(join(root, 'CONTRIBUTING.md'), 'utf8')
  const [version = ''] = /pnpm@[\d.]+/.exec(contributing) ?? []
  await execute('npx', ['--yes', version, ...args], { cwd })
}

async function link(name: string, from: string): Promise<void> {
  const at = installed(name)
  await mkdir(dirname(at), { recursive: true })
  await symlink(join(from, name), at).catch((error: NodeJS.ErrnoException) => {
    // Two packages may need the same one.
    if (error.code !== 'EEXIST') throw error
  })
}
