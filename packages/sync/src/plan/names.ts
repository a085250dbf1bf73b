import { isSafeName, nameToBytes } from 'restic-core/format'
import { type Entries, foldersAbove } from '../tree/entry.ts'
import { isControl } from '../scope/scope.ts'

/** What a file system allows. Passed in, so that the rules of all systems are tested everywhere. */
export interface FileSystemRules {
  /** `World` and `world` are one name */
  readonly ignoresCase: boolean
  /** the composed and the decomposed form of a letter are one name */
  readonly ignoresForm: boolean
  /** the names and characters that Windows keeps for itself */
  readonly isWindows: boolean
  /** names must be Unicode; elsewhere they are any bytes */
  readonly wantsUnicode: boolean
  /** longest name: in UTF-16 units where names are Unicode, else in bytes */
  readonly nameLengthMax: number
  /** longest path, counted from the root of the disk, in the same units */
  readonly pathLengthMax: number
  readonly hasSymlinks: boolean
  /** whether "may be executed" is a property of files */
  readonly hasExecutableBit: boolean
}

export const linuxRules: FileSystemRules = {
  ignoresCase: false,
  ignoresForm: false,
  isWindows: false,
  wantsUnicode: false,
  nameLengthMax: 255,
  pathLengthMax: 4095,
  hasSymlinks: true,
  hasExecutableBit: true,
}

export const macRules: FileSystemRules = {
  ...linuxRules,
  ignoresCase: true,
  ignoresForm: true,
  wantsUnicode: true,
  pathLengthMax: 1023,
}

/** Paths as Node gives them to Windows may exceed 260 characters. */
export const windowsRules: FileSystemRules = {
  ignoresCase: true,
  ignoresForm: false,
  isWindows: true,
  wantsUnicode: true,
  nameLengthMax: 255,
  pathLengthMax: 32_700,
  hasSymlinks: false,
  hasExecutableBit: false,
}

export interface NameProblem {
  readonly path: string
  readonly reason:
    /** leads out of the folder, or into the control folder */
    | 'unsafe'
    /** has characters or an ending that this system does not allow, or is reserved */
    | 'not-allowed'
    | 'not-unicode'
    | 'too-long'
    | 'no-symlinks'
    /** this system takes it for another name that is there as well; `other` */
    | 'clash'
  readonly other?: string
}

/**
 * What of a state cannot stand on this file system, found before anything is touched.
 *
 * @param present what of it stands there already, and is therefore possible
 * @param rootLength length of the path of the folder that all of it is below
 */
export function findNameProblems(
  state: Entries,
  present: Entries,
  rules: FileSystemRules,
  rootLength: number,
): NameProblem[] {
  const problems: NameProblem[] = []
  const spelled = new Map<string, string>()
  for (const [path, entry] of state) {
    if (!present.has(path)) {
      const reason = ownProblem(path, rules, rootLength)
      if (reason !== undefined) problems.push({ path, reason })
      else if (entry.type === 'symlink' && !rules.hasSymlinks) {
        problems.push({ path, reason: 'no-symlinks' })
      }
    }
    const other = clashOf(path, spelled, rules)
    if (other !== undefined) problems.push({ path, reason: 'clash', other })
  }
  return problems
}

function ownProblem(
  path: string,
  rules: FileSystemRules,
  rootLength: number,
): NameProblem['reason'] | undefined {
  const names = path.split('/')
  if (isControl(path) || !names.every((name) => isSafeName(name))) return 'unsafe'
  if (rules.wantsUnicode && !path.isWellFormed()) return 'not-unicode'
  if (rules.isWindows && !names.every((name) => isSafeName(name, true))) {
    return path.includes('\\') ? 'unsafe' : 'not-allowed'
  }
  const lengthOf = (text: string): number =>
    rules.wantsUnicode ? text.length : nameToBytes(text).length
  if (names.some((name) => lengthOf(name) > rules.nameLengthMax)) return 'too-long'
  return rootLength + 1 + lengthOf(path) > rules.pathLengthMax ? 'too-long' : undefined
}

/** The path, or folder above it, that has the same name here and is spelled in another way. */
function clashOf(
  path: string,
  spelled: Map<string, string>,
  rules: FileSystemRules,
): string | undefined {
  if (!rules.ignoresCase && !rules.ignoresForm) return undefined
  for (const part of [...foldersAbove(path), path]) {
    const key = asTaken(part, rules)
    const other = spelled.get(key)
    if (other === undefined) spelled.set(key, part)
    else if (other !== part) return other
  }
  return undefined
}

/** Equal for names that the file system takes for one. */
function asTaken(path: string, rules: FileSystemRules): string {
  const formed = rules.ignoresForm ? path.normalize('NFC') : path
  return rules.ignoresCase ? Array.from(formed, foldCase).join('') : formed
}

/** One character for one: systems do not take the German sharp s for two letters. */
function foldCase(character: string): string {
  const upper = character.toUpperCase()
  const folded = (upper.length === character.length ? upper : character).toLowerCase()
  return folded.length === character.length ? folded : character
}

const reasonTexts: Readonly<Record<NameProblem['reason'], string>> = {
  unsafe: 'the name would lead out of the folder',
  'not-allowed': 'the name is not allowed on this system',
  'not-unicode': 'the name is not valid Unicode, which this system wants',
  'too-long': 'the path is too long for this system',
  'no-symlinks': 'symbolic links cannot be made here',
  clash: 'this system takes it for the same name as',
}

export function describeNameProblem({ path, reason, other }: NameProblem): string {
  return `${path}: ${reasonTexts[reason]}${other === undefined ? '' : ` ${other}`}`
}
