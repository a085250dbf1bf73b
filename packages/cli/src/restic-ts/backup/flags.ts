import type { Command } from 'commander'
import * as z from 'zod'
import { repeated, numberFlag, parseFlags, repeatedFlag, sizeFlag, switchFlag } from '../flags.ts'
import { type GroupBy, parseGroupBy } from '../grouping.ts'

/** The flags of `backup`, checked. */
export interface BackupFlags {
  readonly args: readonly string[]
  readonly exclude: readonly string[]
  readonly excludeFile: readonly string[]
  readonly iexclude: readonly string[]
  readonly iexcludeFile: readonly string[]
  readonly excludeCaches: boolean
  readonly excludeIfPresent: readonly string[]
  readonly excludeLargerThan?: number | undefined
  readonly filesFrom: readonly string[]
  readonly filesFromVerbatim: readonly string[]
  readonly filesFromRaw: readonly string[]
  readonly force: boolean
  readonly groupBy: GroupBy
  readonly host?: string | undefined
  readonly ignoreCtime: boolean
  readonly ignoreInode: boolean
  readonly dryRun: boolean
  readonly scan: boolean
  readonly oneFileSystem: boolean
  readonly parent?: string | undefined
  readonly readConcurrency?: number | undefined
  readonly skipIfUnchanged: boolean
  readonly stdin: boolean
  readonly stdinFilename: string
  readonly stdinFromCommand: boolean
  readonly tag: readonly string[]
  readonly time?: string | undefined
  readonly withAtime: boolean
}

const defaultGroupBy = 'host,paths'

/** As a script gives a flag for which it has no value. */
function notGivenWhenEmpty<Value>(
  value: z.ZodType<Value, string>,
): z.ZodType<Value | undefined, string | undefined> {
  return z
    .string()
    .transform((text) => (text === '' ? undefined : text))
    .pipe(value.optional())
    .optional()
}

export const backupFlags: z.ZodType<BackupFlags> = z.object({
  args: z.array(z.string()),
  exclude: repeatedFlag,
  excludeFile: repeatedFlag,
  iexclude: repeatedFlag,
  iexcludeFile: repeatedFlag,
  excludeCaches: switchFlag,
  excludeIfPresent: repeatedFlag,
  excludeLargerThan: notGivenWhenEmpty(sizeFlag('exclude-larger-than')),
  filesFrom: repeatedFlag,
  filesFromVerbatim: repeatedFlag,
  filesFromRaw: repeatedFlag,
  force: switchFlag,
  groupBy: z.string().default(defaultGroupBy).transform(parseGroupBy),
  host: z.string().optional(),
  ignoreCtime: switchFlag,
  ignoreInode: switchFlag,
  dryRun: switchFlag,
  scan: z.boolean().default(true),
  oneFileSystem: switchFlag,
  parent: z.string().optional(),
  readConcurrency: numberFlag('read-concurrency').optional(),
  skipIfUnchanged: switchFlag,
  stdin: switchFlag,
  stdinFilename: z.string().default('stdin'),
  stdinFromCommand: switchFlag,
  tag: repeatedFlag,
  time: notGivenWhenEmpty(z.string()),
  withAtime: switchFlag,
})

export function declareBackupFlags(command: Command): void {
  const file = 'file of'
  command
    .argument('[paths...]', 'files and folders')
    .option('-e, --exclude <pattern>', 'leave out what matches (repeatable)', repeated)
    .option('--exclude-file <file>', `${file} exclude patterns (repeatable)`, repeated)
    .option('--iexclude <pattern>', 'as --exclude, whatever the case', repeated)
    .option('--iexclude-file <file>', 'as --exclude-file, whatever the case', repeated)
    .option('--exclude-caches', 'leave out what is in folders marked by a CACHEDIR.TAG')
    .option(
      '--exclude-if-present <name[:header]>',
      'leave out what is in folders that contain this file (repeatable)',
      repeated,
    )
    .option('--exclude-larger-than <size>', 'leave out larger files')
    .option('--files-from <file>', `${file} patterns of paths to back up (repeatable)`, repeated)
    .option('--files-from-verbatim <file>', `${file} paths to back up (repeatable)`, repeated)
    .option('--files-from-raw <file>', `${file} paths that end in NUL (repeatable)`, repeated)
    .option('-f, --force', 'read every file, whatever the parent says')
    .option('-g, --group-by <group>', `what a parent has in common (${defaultGroupBy})`)
    .option('-H, --host <name>', 'name of this machine in the snapshot [$RESTIC_HOST]')
    .option('--ignore-ctime', 'a changed ctime does not make a file changed')
    .option('--ignore-inode', 'neither do a changed inode and ctime')
    .option('-n, --dry-run', 'read everything and store nothing')
    .option('--no-scan', 'do not count what there is to do')
    .option('-x, --one-file-system', 'do not enter other file systems')
    .option('--parent <snapshot>', 'compare with this snapshot')
    .option('--read-concurrency <n>', 'files read at once [$RESTIC_READ_CONCURRENCY]')
    .option('--skip-if-unchanged', 'write no snapshot that equals its parent')
    .option('--stdin', 'back up standard input')
    .option('--stdin-filename <name>', 'its name in the snapshot (stdin)')
    .option('--stdin-from-command', 'back up what the command given prints')
    .option('--tag <tags>', 'tags of the snapshot, separated by commas (repeatable)', repeated)
    .option('--time <time>', 'time of the snapshot, as 2012-11-01 22:08:41')
    .option('--with-atime', 'store when files were read last')
}

/** How many files are read at once, when flag or environment say so. */
export function readConcurrency(
  flags: BackupFlags,
  environment: Readonly<Record<string, string | undefined>>,
): number | undefined {
  const text = environment['RESTIC_READ_CONCURRENCY'] ?? ''
  const count = flags.readConcurrency ?? (text === '' ? undefined : parseFlags(fromText, text))
  return count === 0 ? undefined : count
}

const fromText = numberFlag('read-concurrency')
