import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tidy } from './tidy.ts'

/** Writes the files into an empty tree and returns what tidy says about it. */
async function tidied(files: Readonly<Record<string, string>>): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'tidy-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(root, dirname(path)), { recursive: true })
      await writeFile(join(root, path), text)
    }
    return tidy(root)
  } finally {
    await rm(root, { recursive: true })
  }
}

const core = 'packages/restic-core/src'
const importOf = (specifier: string) => `import { x } from '${specifier}'\n`

describe('tidy', () => {
  it('passes what the map allows', async () => {
    const found = await tidied({
      [`${core}/index.ts`]: `${importOf('#runtime')}export * from './operations/differ/diff.ts'\n`,
      [`${core}/base/hex.ts`]: '// process.env and Buffer are Node: not here\nexport const x = 1\n',
      [`${core}/format/tree.ts`]: importOf('../kernel/kernel.ts') + importOf('zod'),
      [`${core}/repository/open.ts`]: importOf('../backend/backend.ts'),
      [`${core}/operations/index.ts`]: importOf('./differ/diff.ts'),
      [`${core}/operations/differ/diff.ts`]:
        importOf('../shared/tree-walk.ts') + importOf('./other.ts') + importOf('../../base/hex.ts'),
      [`${core}/node/kernel.ts`]: importOf('node:zlib') + importOf('../kernel/kernel.ts'),
      [`${core}/base/hex.test.ts`]: importOf('node:crypto') + importOf('../testing/index.ts'),
      [`${core}/testing/index.ts`]:
        importOf('vitest') + importOf('node:fs') + importOf('../node/a.ts'),
      'packages/rest-backend/src/client.ts': importOf('restic-core/backend') + importOf('zod'),
      'packages/rest-backend/src/client.test.ts': importOf('restic-core/testing'),
      'packages/sync/src/pull.ts': importOf('restic-core') + importOf('node:fs'),
      'packages/cli/src/main.ts': importOf('@instance-sync/sync') + importOf('commander'),
      'packages/cli/tests/demo.test.ts': importOf('../../../tools/servers.ts'),
      'tools/globs.ts': "export const glob = 'packages/*/src/**/*.test.ts'\n",
    })
    expect(found).toEqual([])
  })

  it.for([
    ['base/a.ts', '../kernel/kernel.ts', 'base may not import kernel'],
    ['backend/a.ts', '../format/seal.ts', 'backend may not import format'],
    ['format/a.ts', '../backend/backend.ts', 'format may not import backend'],
    ['operations/pruner/a.ts', '../../backend/b.ts', 'operations may not import backend'],
    ['operations/pruner/a.ts', '../checker/check.ts', 'pruner may not import checker'],
    ['operations/shared/a.ts', '../checker/check.ts', 'shared may not import checker'],
    ['repository/a.ts', '../operations/differ/d.ts', 'repository may not import operations'],
    ['work/a.ts', '../node/runtime.ts', 'work may not import node'],
    ['work/a.ts', '../portable/runtime.ts', 'work may not import portable'],
    ['work/a.ts', '#runtime', 'only index.ts binds #runtime'],
    ['node/a.ts', '../testing/index.ts', 'testing is for tests only'],
    ['index.ts', './testing/index.ts', 'testing is for tests only'],
    ['kernel/a.ts', 'node:crypto', "node:crypto is Node's: not in a portable ring"],
    ['portable/a.ts', 'node:fs', "node:fs is Node's: not in a portable ring"],
    ['helpers/a.ts', '../base/hex.ts', 'helpers is no ring of restic-core'],
    [
      'base/a.ts',
      '../../../sync/src/pull.ts',
      "../../../sync/src/pull.ts leaves the package's sources",
    ],
    ['base/a.ts', '@instance-sync/sync', 'restic-core may not import @instance-sync/sync'],
    ['base/a.ts', 'lodash', 'restic-core may not import lodash'],
  ] as const)('names the import of %s from %s', async ([file, specifier, reason]) => {
    const text = `const a = 1\nexport {\n  x,\n} from '${specifier}'\n`
    expect(await tidied({ [`${core}/${file}`]: text })).toEqual([`${core}/${file}:4: ${reason}`])
  })

  it.for([
    [
      'rest-backend',
      'restic-core',
      'rest-backend may import restic-core/backend only, not restic-core',
    ],
    ['local-backend', 'restic-core/testing', 'testing is for tests only'],
    ['local-backend', '@instance-sync/sync', 'local-backend may not import @instance-sync/sync'],
    ['sync', '@instance-sync/cli', 'sync may not import @instance-sync/cli'],
  ] as const)('names the import of %s from %s', async ([name, specifier, reason]) => {
    const file = `packages/${name}/src/a.ts`
    expect(await tidied({ [file]: importOf(specifier) })).toEqual([`${file}:1: ${reason}`])
    expect(await tidied({ [file]: `await import('${specifier}')\n` })).toHaveLength(1)
  })

  it('names Node globals in portable rings', async () => {
    const found = await tidied({
      [`${core}/base/a.ts`]: 'const a = new ArrayBuffer(1)\nconst b = Buffer.from(a)\n',
      [`${core}/portable/b.ts`]: 'export const x = process.env\nsetImmediate(() => {})\n',
    })
    expect(found).toEqual([
      `${core}/base/a.ts:2: Buffer is Node's: not in a portable ring`,
      `${core}/portable/b.ts:1: process is Node's: not in a portable ring`,
      `${core}/portable/b.ts:2: setImmediate is Node's: not in a portable ring`,
    ])
  })

  it('names long files, other names than kebab-case and words of unfinished work', async () => {
    const word = ['TO', 'DO'].join('')
    const found = await tidied({
      'bench/long.ts': '\n'.repeat(401),
      'bench/just-right.ts': '\n'.repeat(400),
      'tools/camelCase.ts': '',
      'tools/snake_case/a.test.ts': '',
      'vitest.config.ts': `\n// ${word}: later\n`,
    })
    expect(found).toEqual([
      'bench/long.ts:401: 401 lines, more than 400',
      'tools/camelCase.ts:1: camelCase.ts is not kebab-case',
      'tools/snake_case/a.test.ts:1: snake_case is not kebab-case',
      `vitest.config.ts:2: ${word}: do it, or write it down elsewhere`,
    ])
  })

  it('compares the dependencies of each package with the agreed ones', async () => {
    const file = 'packages/local-backend/package.json'
    const found = await tidied({ [file]: '{\n  "dependencies": {\n    "lodash": "1.0.0" } }\n' })
    expect(found).toEqual([
      `${file}:3: lodash is not an agreed dependency (tools/tidy.ts)`,
      `${file}:1: restic-core is agreed in tools/tidy.ts and not here`,
    ])
  })
})
