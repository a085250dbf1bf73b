import { resolve } from 'node:path'
import {
  type SnapshotFacts,
  type SourceTree,
  type Target,
  isResticError,
  layOutTargets,
} from 'restic-core'
import { processIdentity } from 'restic-core/node'
import { Failure } from '../../shared/failure.ts'
import { parseLocalTime } from '../../shared/local-time.ts'
import type { CommandContext } from '../command.ts'
import { splitTags } from '../flags.ts'
import { readExcludes } from '../patterns.ts'
import { programVersion } from '../program-version.ts'
import { type ExclusionRules, cacheTag, parseTagFile, withoutTagged } from './exclusion.ts'
import type { BackupFlags } from './flags.ts'
import { readTargets } from './target-lists.ts'

/** What is backed up, and as what; nothing of the repository is known yet. */
export interface BackupPlan {
  readonly targets: readonly Target[]
  /** as they were given, for messages */
  readonly words: readonly string[]
  /** A target that is not there; the others are backed up. */
  readonly incomplete: boolean
  readonly rules: ExclusionRules
  readonly facts: SnapshotFacts
}

export async function planBackup(
  flags: BackupFlags,
  source: SourceTree,
  context: CommandContext,
): Promise<BackupPlan> {
  const given = await givenTargets(flags, source, context)
  if (given.length === 0) {
    throw new Failure('nothing to backup, please specify source files/dirs')
  }
  const words = given.filter((path) => isThere(source, path, context))
  if (words.length === 0) throw new Failure('all source directories/files do not exist')
  const rules = await exclusionRules(flags, words, source, context)
  const laidOut = layOutTargets(words, (path) => source.list(path))
  const targets = withoutTagged(laidOut, rules, (text) => context.warn(text))
  const facts = snapshotFacts(
    flags,
    words.map((path) => resolve(path)),
    context,
  )
  return { targets, words, incomplete: words.length < given.length, rules, facts }
}

function givenTargets(
  flags: BackupFlags,
  source: SourceTree,
  context: CommandContext,
): Promise<readonly string[]> {
  const sources = {
    patternFiles: flags.filesFrom,
    verbatimFiles: flags.filesFromVerbatim,
    rawFiles: flags.filesFromRaw,
    args: flags.args,
  }
  const usesStdin = Object.values(sources).some((list) => list !== flags.args && list.includes('-'))
  if (usesStdin) keepStdinForData(context)
  return readTargets(sources, {
    list: (path) => source.list(path),
    warn: (text) => context.warn(text),
    readStdin: () => readAll(context.stdin),
  })
}

/** @throws Failure when the password would come from standard input too */
export function keepStdinForData({ globals }: CommandContext): void {
  const { passwordFile, passwordCommand, password, insecureNoPassword } = globals
  if (passwordFile + passwordCommand + password !== '' || insecureNoPassword) return
  throw new Failure(
    'unable to read password from stdin when data is to be read from stdin, ' +
      'use --password-file or $RESTIC_PASSWORD',
  )
}

function isThere(source: SourceTree, path: string, context: CommandContext): boolean {
  try {
    source.entry(path)
    return true
  } catch (error) {
    if (!isResticError(error, 'SOURCE')) throw error
    const reason = error.reason === 'not-found' ? 'does not exist' : 'cannot be accessed'
    context.warn(`${path} ${reason}, skipping`)
    return false
  }
}

async function exclusionRules(
  flags: BackupFlags,
  words: readonly string[],
  source: SourceTree,
  { environment }: CommandContext,
): Promise<ExclusionRules> {
  const patterns = await readExcludes(flags, environment)
  const tagFiles = flags.excludeIfPresent.map(parseTagFile)
  return {
    source,
    patterns,
    folders: [],
    sizeMax: flags.excludeLargerThan,
    tagFiles: flags.excludeCaches ? [...tagFiles, cacheTag] : tagFiles,
    devices: flags.oneFileSystem
      ? new Map(words.map((path) => [resolve(path), source.entry(path).deviceId]))
      : undefined,
  }
}

export function snapshotFacts(
  flags: BackupFlags,
  paths: readonly string[],
  { environment }: CommandContext,
): SnapshotFacts {
  const { uid, gid, username, hostname } = processIdentity()
  const wanted = flags.host ?? environment['RESTIC_HOST'] ?? ''
  return {
    paths,
    hostname: wanted === '' ? hostname : wanted,
    username,
    uid,
    gid,
    tags: flags.tag.flatMap(splitTags),
    excludes: flags.exclude,
    programVersion: `restic-ts ${programVersion}`,
    timeNs: flags.time === undefined ? undefined : parseLocalTime(flags.time),
  }
}

async function readAll(input: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of input) chunks.push(chunk)
  return Buffer.concat(chunks)
}
