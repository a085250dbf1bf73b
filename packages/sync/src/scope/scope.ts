import * as z from 'zod'
import type { Cancellable } from 'restic-core'
import { SyncError } from '../errors.ts'
import { type FolderFiles, folderOf, topOf } from '../files/folder-files.ts'
import { controlFolder, controlPaths } from '../state/control-folder.ts'
import { readJson } from '../state/json-file.ts'
import { foldersAbove } from '../tree/entry.ts'
import { type Hashing, hexHash } from '../tree/fingerprint.ts'
import { type Globs, compileGlobs } from './glob.ts'
import { minecraftScope } from './minecraft.ts'

const globs = z.array(z.string().min(1))
const scopeJson = z.looseObject({
  include: globs.optional(),
  exclude: globs.optional(),
  units: globs.optional(),
})

export interface ScopeRules {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** folders or files that are taken whole from one side */
  readonly units: readonly string[]
}

/** Which paths of the pack folder are synced, and which of them belong together. */
export interface Scope {
  readonly rules: ScopeRules
  /** Whether an entry is synced. */
  includes(path: string, isFolder: boolean): boolean
  /** Whether anything in a folder can be synced, so that others are not even listed. */
  reaches(folder: string): boolean
  /** The unit that a path belongs to; undefined when it stands for itself. */
  unitOf(path: string): string | undefined
}

/**
 * scope.json, each of whose lists replaces the built-in one of that name.
 *
 * @throws SyncError 'SETTINGS'
 */
export async function readScope(files: FolderFiles, options?: Cancellable): Promise<Scope> {
  const json = await readJson(files, controlPaths.scope, scopeJson, options)
  const { include, exclude, units } = { ...minecraftScope, ...withoutUndefined(json ?? {}) }
  return compileScope({ include, exclude, units })
}

function withoutUndefined(json: z.infer<typeof scopeJson>): Partial<ScopeRules> {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== undefined))
}

/** @throws SyncError 'SETTINGS', when a pattern cannot be understood */
export function compileScope(rules: ScopeRules): Scope {
  const include = compiled(rules.include)
  const exclude = compiled(rules.exclude)
  const units = compiled(rules.units)
  const tops = remembered(isControl)
  const isExcluded = (path: string, isFolder: boolean): boolean =>
    tops(topOf(path)) || exclude.matches(path, isFolder)
  const unitAt = remembered((folder) => {
    for (const path of [...foldersAbove(folder), folder]) {
      if (units.matchesSelf(path, true)) return path
    }
    return undefined
  })
  return {
    rules,
    includes: (path, isFolder) => include.matches(path, isFolder) && !isExcluded(path, isFolder),
    reaches: (folder) =>
      (include.matches(folder, true) || include.mayMatchBelow(folder)) && !isExcluded(folder, true),
    unitOf(path) {
      const unit = path.includes('/') ? unitAt(folderOf(path)) : undefined
      return unit ?? (units.matchesSelf(path, false) ? path : undefined)
    },
  }
}

/** A scan asks about every file of a game, and few folders hold them all. */
function remembered<T>(answer: (path: string) => T): (path: string) => T {
  const answers = new Map<string, T>()
  return (path) => {
    const known = answers.get(path)
    if (known !== undefined || answers.has(path)) return known as T
    const found = answer(path)
    answers.set(path, found)
    return found
  }
}

function compiled(patterns: readonly string[]): Globs {
  try {
    return compileGlobs(patterns)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new SyncError('SETTINGS', `${controlPaths.scope}: ${error.message}`, { cause: error })
  }
}

/**
 * Whether a path is the control folder or in it, as any file system may take it: without regard to
 * case, and by the short name that Windows gives it. A repository must not reach in there.
 */
export function isControl(path: string): boolean {
  const plain = topOf(path)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[. ]+$/, '')
  return plain === controlFolder || /^(?:\.cloud-sync|cloud-?~\d+|cloud-~\d+)(?::|$)/.test(plain)
}

/** Equal for equal rules. */
export function scopeFingerprint(scope: Scope, hashing: Hashing): string {
  const { include, exclude, units } = scope.rules
  return hexHash(JSON.stringify([include, exclude, units]), hashing)
}
