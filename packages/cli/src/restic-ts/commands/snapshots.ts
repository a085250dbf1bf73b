import { BegunRun, EarlyWork, type StoredSnapshot } from 'restic-core'
import { parseTime } from 'restic-core/format'
import * as z from 'zod'
import type { Screen } from '../../shared/screen.ts'
import { formatSize } from '../../shared/units.ts'
import { defineCommand, type LoadedCommand } from '../command.ts'
import { declareSnapshotFilter, numberFlag, switchFlag } from '../flags.ts'
import { groupSnapshots, groupTitle, latestOfGroups, parseGroupBy } from '../grouping.ts'
import { printJson } from '../render/json.ts'
import { localTime, shortId, snapshotObject } from '../render/snapshot.ts'
import { type Column, formatTable } from '../render/table.ts'
import { openSession } from '../session.ts'
import { chooseSnapshots, filterFlags, snapshotFilter } from '../snapshot-choice.ts'

const options = z.object({
  ...filterFlags,
  compact: switchFlag,
  groupBy: z.string().transform(parseGroupBy).optional(),
  latest: numberFlag('latest').optional(),
  args: z.array(z.string()),
})

export const snapshots: LoadedCommand = defineCommand({
  declare: (command) => {
    command
      .argument('[snapshots...]', 'ids of snapshots')
      .option('-c, --compact', 'leave paths out')
      .option('-g, --group-by <group>', 'group by host, paths and/or tags, separated by commas')
      .option('--latest <n>', 'only show the last n snapshots of each host and path')
    declareSnapshotFilter(command)
  },
  options,

  async run(flags, context) {
    const filter = snapshotFilter(flags, context.environment)
    const early = new EarlyWork(
      ({ repository }) =>
        new BegunRun(({ signal, tell }) =>
          chooseSnapshots({ repository, signal }, flags.args, filter, (text) =>
            tell(() => context.warn(text)),
          ),
        ),
    )
    await using session = await openSession(context, 'shared', { early })
    const chosen = await early.take(session).result(session.signal)
    const sorted = chosen.map(withSortedPaths).toSorted(byTime)
    const by = flags.groupBy ?? { host: false, paths: false, tags: false }
    const latestBy = flags.groupBy ?? { host: true, paths: true, tags: false }
    const shown =
      flags.latest === undefined ? sorted : latestOfGroups(sorted, latestBy, flags.latest)
    return { grouped: flags.groupBy !== undefined, groups: groupSnapshots(shown, by) }
  },

  text: ({ compact }, screen) => ({
    event: () => undefined,
    result: ({ grouped, groups }) => {
      for (const { key, snapshots: members } of groups) {
        if (grouped) screen.print(groupTitle(key))
        printTable(screen, members, compact)
      }
    },
  }),

  json: (_, screen) => ({
    event: () => undefined,
    result: ({ grouped, groups }) => {
      const objects = groups.map(({ key, snapshots: members }) => ({
        group_key: key,
        snapshots: members.map(snapshotObject),
      }))
      printJson(screen, grouped ? objects : objects.flatMap((group) => group.snapshots))
    },
  }),

  exitCode: () => 0,
})

function withSortedPaths(snapshot: StoredSnapshot): StoredSnapshot {
  return { ...snapshot, paths: snapshot.paths.toSorted() }
}

function byTime(a: StoredSnapshot, b: StoredSnapshot): number {
  return Number(parseTime(a.time) - parseTime(b.time))
}

function printTable(screen: Screen, members: readonly StoredSnapshot[], compact: boolean): void {
  const hasSizes = members.some(({ summary }) => summary !== undefined)
  const last = members.at(-1)
  const columns: Column<StoredSnapshot>[] = [
    { header: 'ID', lines: (snapshot) => [shortId(snapshot)] },
    { header: 'Time', lines: ({ time }) => [localTime(time)] },
    { header: compact ? 'Host' : 'Host      ', lines: ({ hostname }) => [hostname] },
    compact
      ? { header: 'Tags  ', lines: ({ tags }) => tags }
      : { header: 'Tags      ', lines: ({ tags }) => [tags.join(',')] },
  ]
  if (!compact) {
    // With several paths to a snapshot, an empty line sets one off from the next.
    const spaced = members.some(({ paths }) => paths.length > 1)
    const lines = (snapshot: StoredSnapshot): readonly string[] =>
      spaced && snapshot !== last ? [...snapshot.paths, ''] : snapshot.paths
    columns.push({ header: 'Paths', lines })
  }
  if (hasSizes) columns.push({ header: 'Size', lines: sizeLines })
  for (const line of formatTable(columns, members)) screen.print(line)
  screen.print(`${members.length} snapshots`)
}

function sizeLines({ summary }: StoredSnapshot): readonly string[] {
  return summary === undefined ? [] : [formatSize(summary.totalBytesProcessed)]
}
