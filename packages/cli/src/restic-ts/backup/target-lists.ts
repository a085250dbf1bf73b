import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Glob, isResticError, matchesGlob, parseGlob } from 'restic-core'
import { compareNames, nameFromBytes } from 'restic-core/format'
import { decodeText, meaningfulLines } from '../../shared/decode-text.ts'
import { Failure } from '../../shared/failure.ts'

/** Where the targets of a backup come from; they are put together in this order. */
interface TargetSources {
  /** files of patterns, one a line */
  readonly patternFiles: readonly string[]
  /** files of paths, one a line, taken literally */
  readonly verbatimFiles: readonly string[]
  /** files of paths, each ended by a NUL */
  readonly rawFiles: readonly string[]
  readonly args: readonly string[]
}

interface TargetContext {
  /** The names in a directory. Rejects or throws for what is none. */
  list(path: string): readonly string[]
  /** All of standard input, for the list file `-`. */
  readStdin(): Promise<Uint8Array>
  warn(text: string): void
}

/** The paths to back up, as they were written. @throws Failure when a list cannot be read */
export async function readTargets(
  sources: TargetSources,
  context: TargetContext,
): Promise<readonly string[]> {
  const targets: string[] = []
  for (const file of sources.patternFiles) {
    const lines = meaningfulLines(decodeText(await readList(file, context)))
    for (const pattern of lines) {
      const found = expandGlob(pattern, context)
      if (found.length === 0)
        context.warn(`pattern ${JSON.stringify(pattern)} does not match any files, skipping`)
      targets.push(...found)
    }
  }
  for (const file of sources.verbatimFiles) {
    const text = decodeText(await readList(file, context))
    targets.push(...text.split(/\r?\n/).filter((line) => line !== ''))
  }
  for (const file of sources.rawFiles)
    targets.push(...rawPaths(file, await readList(file, context)))
  return [...targets, ...sources.args].filter((path) => path !== '')
}

async function readList(file: string, context: TargetContext): Promise<Uint8Array> {
  try {
    return file === '-' ? await context.readStdin() : await readFile(file)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Failure(`cannot read the list of files ${file}: ${reason}`, { cause })
  }
}

function rawPaths(file: string, bytes: Uint8Array): string[] {
  if (bytes.length === 0) return []
  if (bytes.at(-1) !== 0) throw new Failure(`${file}: trailing zero byte missing`)
  const paths = nameFromBytes(bytes.subarray(0, -1)).split('\0')
  if (paths.includes('')) throw new Failure(`${file}: empty filename in listing`)
  return paths
}

/**
 * The paths that a shell pattern matches, in order. Hidden names are like any other and there is
 * no `**`.
 *
 * @throws Failure when the pattern is malformed
 */
export function expandGlob(pattern: string, { list }: Pick<TargetContext, 'list'>): string[] {
  let found = [pattern.startsWith('/') ? '/' : '']
  for (const name of pattern.split('/')) {
    if (name === '') continue
    const glob = parseGlob(name)
    if (glob === undefined) {
      throw new Failure(`pattern ${JSON.stringify(pattern)}: syntax error in pattern`)
    }
    found = found.flatMap((folder) => {
      const names = namesIn(folder === '' ? '.' : folder, list)
      return matching(name, glob, names).map((entry) => join(folder, entry))
    })
  }
  return found
}

function matching(name: string, glob: Glob, names: readonly string[]): readonly string[] {
  if (name === '.' || name === '..') return [name]
  return names.filter((entry) => matchesGlob(glob, entry)).toSorted(compareNames)
}

/** Nothing for what is no directory: a pattern just does not match there. */
function namesIn(folder: string, list: TargetContext['list']): readonly string[] {
  try {
    return list(folder)
  } catch (error) {
    if (isResticError(error, 'SOURCE')) return []
    throw error
  }
}
