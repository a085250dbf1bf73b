/**
 * Writes docs/errors.md from the errors in the sources: their docstrings, what they carry, the hints
 * that are given with them, and the exit codes of the programs.
 *
 *     node tools/errors-page.ts
 *
 * tools/errors-page.test.ts fails when the page is not what this writes.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exitCodeOf } from '../packages/cli/src/restic-ts/exit-code.ts'

const root = join(import.meta.dirname, '..')
const coreErrors = 'packages/restic-core/src/base/errors.ts'
const syncErrors = 'packages/sync/src/errors.ts'
export const errorsPage: string = join(root, 'docs/errors.md')

interface ErrorClass {
  readonly name: string
  readonly code: string
  /** its docstring, as one line */
  readonly meaning: string
  /** members that narrow it down, each with the values it may have */
  readonly narrowedBy: readonly { readonly member: string; readonly values: readonly string[] }[]
}

/**
 * The classes of the union `AnyResticError`, in its order.
 *
 * @throws Error when one of them has no class, code or docstring
 */
export function errorClasses(source: string): ErrorClass[] {
  const union = /export type AnyResticError =((?:\s*\| \w+)+)/.exec(source)?.[1] ?? ''
  const names = [...union.matchAll(/\w+/g)].map(([name]) => name)
  if (names.length === 0) throw new Error(`${coreErrors} has no union AnyResticError`)
  return names.map((name) => {
    const pattern = new RegExp(`/\\*\\*([^/]+)\\*/\\nexport class ${name} [^{]*\\{([^]*?)\\n\\}`)
    const [, comment = '', body = ''] = pattern.exec(source) ?? []
    const code = /readonly code = '(\w+)'/.exec(body)?.[1]
    if (code === undefined || comment === '') {
      throw new Error(`${coreErrors}: ${name} needs a docstring and a code`)
    }
    return { name, code, meaning: plain(comment), narrowedBy: [...narrowing(body, source)] }
  })
}

function* narrowing(body: string, source: string): Generator<ErrorClass['narrowedBy'][number]> {
  for (const [, member = '', type = ''] of body.matchAll(/^ {2}readonly (\w+): (.+)$/gm)) {
    const union = type.includes("'") ? type : unionOf(type, source)
    const values = [...union.matchAll(/'([^']+)'/g)].map(([, value = '']) => value)
    if (values.length > 0) yield { member, values }
  }
}

/** The text of a type that is a union of texts, or nothing. */
function unionOf(type: string, source: string): string {
  return new RegExp(`export type ${type} =([^]*?)\\n\\n`).exec(source)?.[1] ?? ''
}

interface SyncCode {
  readonly code: string
  readonly meaning: string
}

/** The members of `SyncErrorCode` with the comments above them. */
export function syncCodes(source: string): SyncCode[] {
  const union = /export type SyncErrorCode =([^]*?)\n\n/.exec(source)?.[1] ?? ''
  const members = union.matchAll(/\/\*\*([^/]+)\*\/\s*\| '(\w+)'/g)
  return [...members].map(([, comment = '', code = '']) => ({ code, meaning: plain(comment) }))
}

/** A comment without its stars, as one line. */
function plain(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*?\s?/, ''))
    .join(' ')
    .trim()
}

const text = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/.source
/** With values of any kind in it, also texts that have values themselves. */
const template = /`(?:[^`\\$]|\\.|\$(?!\{)|\$\{(?:[^{}`]|`[^`]*`)*\})*`/.source
const quoted = `${text}|${template}`
const hints = new RegExp(`hint:\\s*((?:${quoted})(?:\\s*\\+\\s*(?:${quoted}))*)`, 'g')

/** The hints that sources give with an error of this class, or of this code. Values show as `…`. */
export function hintsFor(what: string, sources: readonly string[]): string[] {
  const found = new Set<string>()
  for (const source of sources) {
    for (const match of source.matchAll(new RegExp(`new ${what}`, 'g'))) {
      const call = upToClosing(source, source.indexOf('(', match.index))
      for (const [, hint = ''] of call.matchAll(hints)) {
        const pieces = [...hint.matchAll(new RegExp(quoted, 'g'))].map(([piece]) =>
          piece.slice(1, -1),
        )
        found.add(pieces.join(''))
      }
    }
  }
  return [...found].map(shown).toSorted()
}

/** A hint as the sources write it, with `…` for values and blanks for line ends. */
function shown(hint: string): string {
  return hint
    .replaceAll(/\$\{(?:[^{}`]|`[^`]*`)*\}/g, '…')
    .replaceAll('\\n', ' ')
    .replaceAll(/\\(.)/g, '$1')
}

function upToClosing(source: string, open: number): string {
  let depth = 0
  for (let at = open; at < source.length; at++) {
    if (source[at] === '(') depth++
    if (source[at] === ')' && --depth === 0) return source.slice(open, at)
  }
  return ''
}

function sourcesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
}

/** What `isResticError` takes for an error of this code. */
function errorOfCode(code: string): Error {
  return Object.assign(new Error(code), { isResticError: true, code })
}

/** The whole page. */
export function formatErrorsPage(): string {
  const core = readFileSync(join(root, coreErrors), 'utf8')
  const sync = readFileSync(join(root, syncErrors), 'utf8')
  const names = readdirSync(join(root, 'packages'))
  const sources = names.flatMap((name) => sourcesBelow(`packages/${name}/src`))
  return [
    '# Errors',
    '',
    'Generated by `tools/errors-page.ts` from the sources; do not edit.',
    '',
    '## Of restic-core and the stores',
    '',
    'Every failure on purpose is one of these. `isResticError(error, CODE)` narrows to its class, also',
    'when two copies of the package are in one program. Mistakes of a programmer stay TypeError and',
    'RangeError, and whatever is cancelled rejects with `signal.reason`. The exit code is that of',
    '`restic-ts`.',
    ...errorClasses(core).flatMap((error) => section(error, sources)),
    '',
    '## Of @instance-sync/sync',
    '',
    'What goes wrong in the folder itself; `isSyncError(error, CODE)` tells. The folder is then as it',
    'was before the command. `paths` names what it is about, where that helps. A conflict, a folder',
    'that is not enabled and a server out of reach are results, not errors.',
    ...syncCodes(sync).flatMap((code) => syncSection(code, sources)),
    '',
  ].join('\n')
}

function section({ name, code, meaning, narrowedBy }: ErrorClass, sources: readonly string[]) {
  return [
    '',
    `### ${code}`,
    '',
    `\`${name}\`, exit code ${exitCodeOf(errorOfCode(code))}. ${meaning}`,
    ...narrowedBy.flatMap(({ member, values }) => [
      '',
      `\`${member}\`: ${values.map((value) => `\`${value}\``).join(', ')}`,
    ]),
    ...hintList(hintsFor(`${name}\\(`, sources)),
  ]
}

function syncSection({ code, meaning }: SyncCode, sources: readonly string[]): string[] {
  const given = hintsFor(`SyncError\\(\\s*'${code}'`, sources)
  return ['', `### ${code}`, '', `\`SyncError\`: ${meaning}.`, ...hintList(given)]
}

function hintList(given: readonly string[]): string[] {
  return given.length === 0 ? [] : ['', 'Hints:', '', ...given.map((hint) => `- ${hint}`)]
}

if (import.meta.main) writeFileSync(errorsPage, formatErrorsPage())
