import type { Conflict, ConflictSide } from '@instance-sync/sync'
import { countText, shortId, shown, sizeText, timeText } from './amounts.ts'
import { countsText } from './changes.ts'

/** As many paths as a person reads. */
const pathsMax = 8

/** Both sides, so that a person can choose. */
export function conflictLines(conflict: Conflict, label: string): readonly string[] {
  const { sides, paths } = conflict
  const rows = paths.slice(0, pathsMax).map(({ path, here, there }) => {
    return `    ${shown(path)}: ${here} here, ${there} there`
  })
  const more = paths.length - rows.length
  return [
    `Conflict: ${label} was changed in ${sides.length === 2 ? 'two' : sides.length} places. Nothing was overwritten.`,
    ...sides.map((side) => sideLine(side, placeText(side, sides))),
    ...(rows.length === 0 ? [] : ['  Both changed:', ...rows]),
    ...(more > 0 ? [`    and ${countText(more, 'more path')}`] : []),
  ]
}

/** The machine of a side; with its folder, where two sides come from one machine. */
export function placeText({ host, folder }: ConflictSide, sides: Conflict['sides']): string {
  const isAlone = sides.filter((side) => side.host === host).length < 2
  return isAlone || folder === undefined ? shown(host) : `${shown(host)}, ${shown(folder)}`
}

function sideLine(
  { where, time, snapshot, files, bytes, changes }: ConflictSide,
  place: string,
): string {
  const parts = [
    place,
    time === undefined ? undefined : timeText(time),
    files === undefined ? undefined : countText(files, 'file'),
    bytes === undefined ? undefined : sizeText(bytes),
    changes === undefined || isNothing(changes)
      ? undefined
      : `since the last common state: ${countsText(changes)}`,
    snapshot === undefined ? 'not pushed' : `snapshot ${shortId(snapshot)}`,
  ]
  return `  ${where.padEnd(5)}  ${parts.filter((part) => part !== undefined).join('; ')}`
}

function isNothing({ added, changed, removed }: NonNullable<ConflictSide['changes']>): boolean {
  return added + changed + removed === 0
}

/** What to type, for those who are not asked. */
export const answerAdvice: readonly string[] = [
  'Choose with: instance-sync pull --on-conflict=ANSWER, where ANSWER is',
  '  keep-here   what is here counts; the other side stays in the history',
  '  keep-there  take the other side; what is here is stored in the history first',
  '  keep-both   take the other side, and put ours beside it',
  '  merge       take both, where they do not touch the same world or file',
]

export const answerChoices = [
  ['keep-there', 'take the other side; what is here is stored in the history first'],
  ['keep-here', 'what is here counts; the other side stays in the history'],
  ['keep-both', 'take the other side, and put ours beside it'],
  ['merge', 'take both, where they do not touch the same world or file'],
  ['stop', 'change nothing now'],
] as const

export function conflictObject({ sides, paths }: Conflict): object {
  return {
    message_type: 'conflict',
    sides: sides.map(({ where, snapshot, host, folder, time, files, bytes, changes }) => ({
      where,
      snapshot,
      host,
      folder,
      time,
      files,
      bytes,
      changes: changes && {
        added: changes.added,
        changed: changes.changed,
        removed: changes.removed,
      },
    })),
    paths: paths.map(({ path, about, here, there }) => ({ path, about, here, there })),
  }
}
