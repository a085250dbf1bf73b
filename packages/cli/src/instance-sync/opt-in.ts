import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { commonFlagTexts, launcherFlagTexts } from './launcher-flags.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Whether the command line is a pull or push of a folder that is not opted in, which does nothing
 * and says nothing. Decided without loading the library, or the parser of command lines; what is not
 * understood at this glance is left to them.
 */
export function isQuietNoOp(
  words: readonly string[],
  environment: Environment,
  workingFolder: string,
): boolean {
  const [command, ...rest] = words
  if (command !== 'pull' && command !== 'push') return false
  const flags = plainFlags(rest)
  if (flags === undefined) return false
  return !mayBeOptedIn(packFolderOf(flags.get('--pack-folder'), environment, workingFolder))
}

/** The folder to sync: as the flag tells, as the launcher tells, or where we are. */
export function packFolderOf(
  flag: string | undefined,
  environment: Environment,
  workingFolder: string,
): string {
  return resolve(workingFolder, flag || environment['INST_MC_DIR'] || '.')
}

/** A file that is there and cannot be looked at is no reason to be silent. */
function mayBeOptedIn(packFolder: string): boolean {
  try {
    statSync(join(packFolder, '.cloud-sync', 'sync.json'))
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code !== 'ENOENT' && code !== 'ENOTDIR'
  }
}

/** Whether a flag takes a value, by its names. */
const takesValue: ReadonlyMap<string, boolean> = new Map(
  [...commonFlagTexts, ...launcherFlagTexts].flatMap(([flags]) => {
    const [names = '', value] = flags.split(' <')
    return names.split(', ').map((name): [string, boolean] => [name, value !== undefined])
  }),
)

/** undefined when there is a word that is not one of the known flags, or a flag lacks its value. */
function plainFlags(words: readonly string[]): Map<string, string> | undefined {
  const found = new Map<string, string>()
  for (let at = 0; at < words.length; at++) {
    const [, name = '', , joined] = /^(--?[a-z-]+)(=(.*))?$/s.exec(words[at] ?? '') ?? []
    const wantsValue = takesValue.get(name)
    if (wantsValue === undefined || (!wantsValue && joined !== undefined)) return undefined
    const value = joined ?? (wantsValue ? words[++at] : '')
    if (value === undefined) return undefined
    found.set(name, value)
  }
  return found
}
