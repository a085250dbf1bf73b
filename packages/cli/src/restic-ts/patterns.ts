import { readFile } from 'node:fs/promises'
import { type PatternList, parsePatterns } from 'restic-core'
import { decodeText, meaningfulLines } from '../shared/decode-text.ts'
import { Failure } from '../shared/failure.ts'

/** `--exclude` and its relatives, or `--include` and its. */
interface PatternFlags {
  readonly patterns: readonly string[]
  readonly files: readonly string[]
  readonly ignoreCasePatterns: readonly string[]
  readonly ignoreCaseFiles: readonly string[]
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The lists that the flags give, read from files where they say so.
 *
 * @param flag `exclude` or `include`, for messages
 * @throws Failure naming the patterns that are malformed
 */
export async function readPatterns(
  flag: string,
  flags: PatternFlags,
  environment: Environment,
): Promise<PatternList[]> {
  const lists: PatternList[] = []
  const add = (source: string, texts: readonly string[], ignoreCase: boolean): void => {
    if (texts.length === 0) return
    const { list, invalid } = parsePatterns(texts, { ignoreCase })
    if (invalid.length > 0) {
      throw new Failure(`--${source}: invalid pattern(s) provided:\n${invalid.join('\n')}`)
    }
    lists.push(list)
  }
  add(flag, flags.patterns, false)
  add(`i${flag}`, flags.ignoreCasePatterns, true)
  add(`${flag}-file`, await patternsOf(flags.files, environment), false)
  add(`i${flag}-file`, await patternsOf(flags.ignoreCaseFiles, environment), true)
  return lists
}

/** `--exclude` and its relatives, which mean the same in every command. */
export function readExcludes(
  flags: {
    readonly exclude: readonly string[]
    readonly excludeFile: readonly string[]
    readonly iexclude: readonly string[]
    readonly iexcludeFile: readonly string[]
  },
  environment: Environment,
): Promise<PatternList[]> {
  return readPatterns(
    'exclude',
    {
      patterns: flags.exclude,
      files: flags.excludeFile,
      ignoreCasePatterns: flags.iexclude,
      ignoreCaseFiles: flags.iexcludeFile,
    },
    environment,
  )
}

async function patternsOf(
  files: readonly string[],
  environment: Environment,
): Promise<readonly string[]> {
  const texts = await Promise.all(files.map((file) => readText(file)))
  return texts.flatMap(meaningfulLines).map((line) => expandVariables(line, environment))
}

async function readText(path: string): Promise<string> {
  try {
    return decodeText(await readFile(path))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Failure(`error reading patterns from ${path}: ${reason}`, { cause })
  }
}

/** `$NAME` and `${NAME}` become what the environment says, or nothing; `$$` becomes `$`. */
export function expandVariables(text: string, environment: Environment): string {
  return text.replaceAll(/\$(?:\$|\{(\w+)\}|(\w+))/g, (found, braced?: string, plain?: string) =>
    found === '$$' ? '$' : (environment[braced ?? plain ?? ''] ?? ''),
  )
}
