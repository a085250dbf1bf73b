/**
 * Reads which Debian archives this machine's apt uses, in both of apt's notations, so that another
 * suite of the same archives can be asked for.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const debianSuites: ReadonlySet<string> = new Set(
  'bullseye bookworm trixie forky sid oldoldstable oldstable stable testing unstable'.split(' '),
)

/** apt's own deb822 field names, lowercase, with what stands after the colon. */
type Fields = ReadonlyMap<string, string>

export class AptSource {
  readonly #fields: Fields
  readonly #etc: string

  constructor(fields: Fields, etc: string) {
    this.#fields = fields
    this.#etc = etc
  }

  /**
   * A deb822 stanza for the same archive, another suite, component main.
   * @param keyring is trusted beside the keys this machine trusts for the archive already.
   */
  async stanzaFor(suite: string, keyring?: string): Promise<string> {
    const fields = new Map(this.#fields)
    fields.set('types', 'deb').set('suites', suite).set('components', 'main')
    if (keyring !== undefined) fields.set('signed-by', await this.#signedByWith(keyring))
    return [...fields].map(([name, value]) => `${name}: ${value}\n`).join('')
  }

  async #signedByWith(keyring: string): Promise<string> {
    const present = this.#fields.get('signed-by') ?? (await trustedKeyrings(this.#etc)).join(' ')
    // A key block written into the stanza cannot stand beside a path, so there it stays alone.
    return present.includes('BEGIN PGP') ? present : `${present} ${keyring}`.trim()
  }
}

/** The enabled sources of Debian's own suites with component main, each archive once. */
export async function debianSources(etc = '/etc/apt'): Promise<readonly AptSource[]> {
  const files = [join(etc, 'sources.list')]
  for (const name of await namesIn(join(etc, 'sources.list.d'))) {
    files.push(join(etc, 'sources.list.d', name))
  }
  const byUris = new Map<string, AptSource>()
  for (const file of files) {
    const parse = file.endsWith('.sources') ? parseStanzas : parseLines
    if (!/\.(list|sources)$/.test(file)) continue
    for (const fields of parse(await textOf(file))) {
      const uris = fields.get('uris') ?? ''
      if (isDebianMain(fields) && !byUris.has(uris)) byUris.set(uris, new AptSource(fields, etc))
    }
  }
  return [...byUris.values()]
}

function isDebianMain(fields: Fields): boolean {
  const words = (name: string) => (fields.get(name) ?? '').split(/\s+/)
  return (
    !/^(no|false|without|off|disable)$/i.test(fields.get('enabled') ?? 'yes') &&
    words('types').includes('deb') &&
    words('suites').some((suite) => debianSuites.has(suite)) &&
    words('components').includes('main')
  )
}

/** deb822: paragraphs of `Name: value`, continued by indented lines, `#` starts a comment line. */
function parseStanzas(text: string): Fields[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  return lines
    .join('\n')
    .split(/\n\s*\n/)
    .map((stanza) => {
      const fields = new Map<string, string>()
      for (const [, name = '', value = ''] of stanza.matchAll(/^([\w-]+):(.*(?:\n[ \t].*)*)/gm)) {
        fields.set(name.toLowerCase(), value.trim())
      }
      return fields
    })
}

/** One line per source: `deb [option=value ...] uri suite component...`. */
function parseLines(text: string): Fields[] {
  const all: Fields[] = []
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)([^#]*)/.exec(line)
    if (match === null) continue
    const [, options = '', uris = '', suites = '', components = ''] = match
    const fields = new Map<string, string>([
      ['types', 'deb'],
      ['uris', uris],
      ['suites', suites],
      ['components', components.trim()],
    ])
    for (const [, name = '', value = ''] of options.matchAll(/([\w-]+)=(\S+)/g)) {
      fields.set(name === 'arch' ? 'architectures' : name, value.replaceAll(',', ' '))
    }
    all.push(fields)
  }
  return all
}

async function trustedKeyrings(etc: string): Promise<readonly string[]> {
  const parts = join(etc, 'trusted.gpg.d')
  const names = (await namesIn(parts)).filter((name) => /\.(gpg|asc)$/.test(name))
  return names.map((name) => join(parts, name))
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(absentAs<string[]>([]))
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(absentAs(''))
}

function absentAs<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return value
    throw error
  }
}
