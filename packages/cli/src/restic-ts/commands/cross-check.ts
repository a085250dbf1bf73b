import { matchesFilter } from 'restic-core'
import * as z from 'zod'
import { type CrossCheckEvent, crossCheck as compare } from '../../crosscheck/cross-check.ts'
import { jsonReporter, textReporter } from '../../crosscheck/report.ts'
import { ResticProgram, resticOnPath } from '../../crosscheck/restic-program.ts'
import { Failure } from '../../shared/failure.ts'
import { type CommandContext, defineCommand, type LoadedCommand } from '../command.ts'
import { declareSnapshotFilter } from '../flags.ts'
import { anyPassword, locationText } from '../open.ts'
import { openSession } from '../session.ts'
import { temporaryCache } from '../temporary-cache.ts'
import { chooseSnapshots, filterFlags, snapshotFilter } from '../snapshot-choice.ts'

const options = z.object({
  ...filterFlags,
  restic: z.string().optional(),
  args: z.array(z.string()),
})
type Options = z.infer<typeof options>

export const crossCheck: LoadedCommand = defineCommand({
  declare: (command) => {
    command
      .argument('[snapshots...]', 'ids of the snapshots to look into; all unless given')
      .option('--restic <path>', 'the restic to compare with; the one on PATH unless given')
    declareSnapshotFilter(command)
  },
  options,
  run: runCrossCheck,
  text: (_, screen, context) => textReporter(screen, context),
  json: (_, screen) => jsonReporter(screen),
  exitCode: ({ isSound }) => (isSound ? 0 : 1),
})

async function runCrossCheck(
  flags: Options,
  context: CommandContext,
  report: (event: CrossCheckEvent) => void | Promise<void>,
) {
  const password = await anyPassword(context)
  const restic = await startRestic(flags, context, password)
  // What the store has is in question, not what a cache has of it. The lock is ours alone: restic
  // is told to take none, so it is the exclusive one that a check wants.
  await using temporary = temporaryCache(context)
  await using session = await openSession(context, 'exclusive', {
    password,
    needsThreads: true,
    cache: temporary?.cache ?? 'none',
  })
  const filter = snapshotFilter(flags, context.environment)
  const warn = (text: string): void => context.warn(text)
  const named = flags.args.length > 0 && (await chooseSnapshots(session, flags.args, filter, warn))
  const chosen = named === false ? undefined : new Set(named.map(({ id }) => id))
  if (chosen?.size === 0) throw new Failure('none of the snapshots was found')
  return await compare(session.repository, {
    restic,
    signal: session.signal,
    select: (snapshot) => chosen?.has(snapshot.id) ?? matchesFilter(snapshot, filter),
    onEvent: (event) => void report(event),
  })
}

/** @throws Failure when the one that was named does not run */
async function startRestic(
  flags: Options,
  context: CommandContext,
  password: string,
): Promise<ResticProgram | undefined> {
  const { environment } = context
  const program = flags.restic ?? (await resticOnPath(environment['PATH'] ?? ''))
  if (program === undefined) return undefined
  return ResticProgram.start({
    program,
    flags: resticFlags(context),
    environment: {
      ...environment,
      RESTIC_REPOSITORY: await locationText(context),
      RESTIC_REPOSITORY_FILE: undefined,
      RESTIC_PASSWORD: password === '' ? undefined : password,
      RESTIC_PASSWORD_FILE: undefined,
      RESTIC_PASSWORD_COMMAND: undefined,
    },
  })
}

/** What restic must know to reach the same repository in the same way. */
function resticFlags({ globals }: CommandContext): string[] {
  const flags = ['--no-lock', '--no-cache']
  if (globals.keyHint !== '') flags.push('--key-hint', globals.keyHint)
  if (globals.insecureNoPassword) flags.push('--insecure-no-password')
  if (globals.insecureTls) flags.push('--insecure-tls')
  if (globals.tlsClientCert !== '') flags.push('--tls-client-cert', globals.tlsClientCert)
  for (const file of globals.cacert) flags.push('--cacert', file)
  for (const [key, value] of globals.extended) flags.push('-o', `${key}=${value}`)
  return flags
}
