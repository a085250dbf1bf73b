import type { Command } from 'commander'
import type { Overwrite } from 'restic-core'
import * as z from 'zod'
import { choiceFlag, declareSnapshotFilter, repeated, repeatedFlag, switchFlag } from '../flags.ts'
import { type FilterFlags, filterFlags } from '../snapshot-choice.ts'

/** The flags of `restore`, checked. */
export interface RestoreFlags extends FilterFlags {
  readonly args: readonly string[]
  readonly target?: string | undefined
  readonly include: readonly string[]
  readonly includeFile: readonly string[]
  readonly iinclude: readonly string[]
  readonly iincludeFile: readonly string[]
  readonly exclude: readonly string[]
  readonly excludeFile: readonly string[]
  readonly iexclude: readonly string[]
  readonly iexcludeFile: readonly string[]
  readonly includeXattr: readonly string[]
  readonly excludeXattr: readonly string[]
  readonly delete: boolean
  readonly dryRun: boolean
  readonly overwrite: Overwrite
  readonly ownershipByName: boolean
  readonly sparse: boolean
  readonly verify: boolean
}

const overwrites = ['always', 'if-changed', 'if-newer', 'never'] as const

export const restoreFlags: z.ZodType<RestoreFlags> = z.object({
  ...filterFlags,
  args: z.array(z.string()),
  target: z.string().optional(),
  include: repeatedFlag,
  includeFile: repeatedFlag,
  iinclude: repeatedFlag,
  iincludeFile: repeatedFlag,
  exclude: repeatedFlag,
  excludeFile: repeatedFlag,
  iexclude: repeatedFlag,
  iexcludeFile: repeatedFlag,
  includeXattr: repeatedFlag,
  excludeXattr: repeatedFlag,
  delete: switchFlag,
  dryRun: switchFlag,
  overwrite: choiceFlag('overwrite', overwrites).default('always'),
  ownershipByName: switchFlag,
  sparse: switchFlag,
  verify: switchFlag,
})

export function declareRestoreFlags(command: Command): void {
  command
    .argument('[snapshot]', 'id of a snapshot, latest, or id:folder')
    .option('-t, --target <folder>', 'where to restore to')
    .option('-i, --include <pattern>', 'restore only what matches (repeatable)', repeated)
    .option('--include-file <file>', 'file of include patterns (repeatable)', repeated)
    .option('--iinclude <pattern>', 'as --include, whatever the case', repeated)
    .option('--iinclude-file <file>', 'as --include-file, whatever the case', repeated)
    .option('-e, --exclude <pattern>', 'leave out what matches (repeatable)', repeated)
    .option('--exclude-file <file>', 'file of exclude patterns (repeatable)', repeated)
    .option('--iexclude <pattern>', 'as --exclude, whatever the case', repeated)
    .option('--iexclude-file <file>', 'as --exclude-file, whatever the case', repeated)
    .option('--include-xattr <pattern>', 'restore only these attributes (repeatable)', repeated)
    .option('--exclude-xattr <pattern>', 'leave these attributes out (repeatable)', repeated)
    .option('--delete', 'remove from restored folders what the snapshot does not have')
    .option('--dry-run', 'write nothing, just tell what would be done')
    .option('--overwrite <behavior>', overwrites.join(', '))
    .option('--ownership-by-name', 'restore owners by their names')
    .option('--sparse', 'write long runs of zeros as holes')
    .option('--verify', 'read what was written again')
  declareSnapshotFilter(command)
}
