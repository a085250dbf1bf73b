import { type DataSubset, EarlyWork } from 'restic-core'
import * as z from 'zod'
import { Failure } from '../../shared/failure.ts'
import { BegunCheck } from '../check/begun-check.ts'
import {
  type Event,
  type Outcome,
  OutcomeBuilder,
  jsonReporter,
  textReporter,
} from '../check/report.ts'
import { parseSubset } from '../check/subset.ts'
import { type CommandContext, defineCommand, type LoadedCommand } from '../command.ts'
import { switchFlag } from '../flags.ts'
import { openSession } from '../session.ts'
import { temporaryCache } from '../temporary-cache.ts'

const options = z.object({
  readData: switchFlag,
  readDataSubset: z.string().optional(),
  withCache: switchFlag,
})
type Options = z.infer<typeof options>

export const check: LoadedCommand = defineCommand({
  declare: (command) => {
    command
      .option('--read-data', 'read all packs and check every byte')
      .option('--read-data-subset <subset>', 'read some of them: n/t, x% or a size')
      .option('--with-cache', 'take from the cache what it has')
  },
  options,
  run: runCheck,
  text: (_, screen, context) => textReporter(screen, context),
  json: (_, screen) => jsonReporter(screen),
  exitCode: ({ errors }) => (errors > 0 ? 1 : 0),
})

async function runCheck(
  flags: Options,
  context: CommandContext,
  report: (event: Event) => void | Promise<void>,
): Promise<Outcome> {
  const readData = wantedData(flags)
  const { globals } = context
  // What the cache has was checked when it was stored; the question is what the store has.
  await using temporary = flags.withCache ? undefined : temporaryCache(context)
  if (temporary) await report({ type: 'step', text: `using temporary cache in ${temporary.path}` })
  if (globals.lock) await report({ type: 'step', text: 'create exclusive lock for repository' })
  const onEvent = (event: Event): void => void report(event)
  const early = new EarlyWork(({ repository }) => new BegunCheck(repository, { readData, onEvent }))
  await using session = await openSession(context, 'exclusive', {
    needsThreads: readData !== false,
    early,
    cache: flags.withCache ? undefined : (temporary?.cache ?? 'none'),
  })
  const outcome = new OutcomeBuilder()
  for await (const finding of early.take(session).findings(session.signal)) {
    outcome.add(finding)
    await report({ type: 'finding', finding })
  }
  return outcome.outcome()
}

function wantedData({ readData, readDataSubset }: Options): boolean | DataSubset {
  if (readDataSubset === undefined) return readData
  if (readData) {
    throw new Failure('check flags --read-data and --read-data-subset cannot be used together')
  }
  const subset = parseSubset(readDataSubset)
  if (subset !== undefined) return subset
  throw new Failure(
    'check flag --read-data-subset has invalid value, please give n/t, a percentage or a size',
  )
}
