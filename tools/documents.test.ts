/** Documents name files; this holds that they are there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const skipped = new Set(['node_modules', 'dist', 'coverage', 'repositories'])

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name) || entry.name.startsWith('.')) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}

const files = filesBelow(root).map((path) => `/${relative(root, path)}`)
const documents = files.filter((path) => path.endsWith('.md'))

describe.for(documents)('%s', (document) => {
  const text = readFileSync(join(root, document), 'utf8')
  const prose = text.replaceAll(/^```[^]*?^```$/gm, '')

  it('links to what exists', () => {
    const links = [...prose.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link)
    const inside = links.filter((link) => !/^[a-z]+:/.test(link))
    expect(inside.filter((link) => !existsSync(join(root, dirname(document), link)))).toEqual([])
  })

  it('names files that exist', () => {
    const names = [...prose.matchAll(/`([\w./-]+\.(?:ts|json|md))`/g)].map(([, name = '']) => name)
    const lost = names.filter((name) => {
      const known = elsewhere.has(name) || name.includes('NAME')
      return !known && !files.some((file) => file.endsWith(`/${name.replace(/^(?:\.*\/)+/, '')}`))
    })
    expect(lost).toEqual([])
  })
})

/** Files of a launcher, and of a synced folder. */
const elsewhere: ReadonlySet<string> = new Set([
  '.cloud-sync/cache/key.json',
  '.cloud-sync/scope.json',
  '.cloud-sync/sync.json',
  'mmc-pack.json',
  'scope.json',
  'state.json',
  'sync.json',
])
