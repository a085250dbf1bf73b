import { jsonText, printJson } from '../restic-ts/render/json.ts'
import type { CommandContext, Reporter } from '../restic-ts/command.ts'
import { type Column, formatTable } from '../restic-ts/render/table.ts'
import type { Screen } from '../shared/screen.ts'
import { formatSize } from '../shared/units.ts'
import type { CrossCheckEvent, CrossCheckResult } from './cross-check.ts'
import type { Difference } from './difference.ts'

/** People get this many differences; programs get all. */
const shownMax = 20

interface Row {
  readonly what: string
  readonly ours: string
  readonly restic: string
  readonly verdict: string
}

export function textReporter(
  screen: Screen,
  { globals }: CommandContext,
): Reporter<CrossCheckEvent, CrossCheckResult> {
  let shown = 0
  return {
    event: (event) => {
      if (event.type === 'step' && globals.verbosity > 0) screen.print(event.text)
      if (event.type === 'finding' && event.finding.severity === 'error') {
        screen.printError(`error: ${event.finding.what}: ${event.finding.text}`)
      }
      if (event.type !== 'difference') return
      shown++
      if (shown <= shownMax) screen.printError(differenceText(event.difference))
      if (shown === shownMax) screen.printError('further differences are only counted')
    },
    result: (result) => {
      const columns: readonly Column<Row>[] = [
        { header: '', lines: ({ what }) => [what] },
        { header: 'restic-ts', lines: ({ ours }) => [ours] },
        { header: `restic ${result.resticVersion ?? ''}`, lines: ({ restic }) => [restic] },
        { header: '', lines: ({ verdict }) => [verdict] },
      ]
      const isAlone = result.resticVersion === undefined
      screen.print('')
      const shownColumns = isAlone ? columns.slice(0, 2) : columns
      for (const line of formatTable(shownColumns, rows(result))) screen.print(line)
      screen.print(conclusion(result))
    },
  }
}

export function jsonReporter(screen: Screen): Reporter<CrossCheckEvent, CrossCheckResult> {
  return {
    event: (event) => {
      if (event.type === 'difference') {
        printJson(screen, { message_type: 'difference', ...event.difference })
      }
      if (event.type === 'finding' && event.finding.severity === 'error') {
        const message = `${event.finding.what}: ${event.finding.text}`
        screen.printError(jsonText({ message_type: 'error', message }))
      }
    },
    result: (result) => printJson(screen, summaryObject(result)),
  }
}

function differenceText({ subject, snapshot, path, ours, restic }: Difference): string {
  const place = [snapshot.slice(0, 8), path].filter((part) => part !== '').join(' ')
  return `difference: ${[subject, place].filter((part) => part !== '').join(' ')}\n  restic-ts: ${ours}\n  restic:    ${restic}`
}

function rows(result: CrossCheckResult): Row[] {
  const { snapshots, entries, files, check, differences, resticVersion } = result
  const checkRow = {
    what: 'check --read-data',
    ours: check.ours,
    restic: check.restic ?? '',
    verdict: agreement(differences.check),
  }
  const row = (what: string, ours: number, restic: number, count: number): Row => ({
    what,
    ours: ours.toString(),
    restic: restic.toString(),
    verdict: agreement(count),
  })
  const snapshotRow = row('snapshots', snapshots.ours, snapshots.restic, differences.snapshot)
  if (resticVersion === undefined) return [snapshotRow, checkRow]
  return [
    snapshotRow,
    row('entries and their metadata', entries.ours, entries.restic, differences.entry),
    row('contents of files', files.ours, files.restic, differences.content),
    checkRow,
  ]
}

function agreement(count: number): string {
  return count === 0 ? 'agree' : `${count} differ`
}

function conclusion(result: CrossCheckResult): string {
  const { isSound, resticVersion, trees, files } = result
  if (resticVersion === undefined) {
    return isSound
      ? 'nothing is damaged; there was no restic to compare with'
      : 'the repository is damaged; there was no restic to compare with'
  }
  if (!isSound) return 'the two do not agree, or the repository is damaged'
  const counted = trees === 1 ? '1 tree' : `${trees} trees`
  return `both agree on ${counted} and ${formatSize(files.bytes)} of content, and nothing is damaged`
}

function summaryObject(result: CrossCheckResult): object {
  const { resticVersion, snapshots, trees, entries, files, check, differences, isSound } = result
  return {
    message_type: 'summary',
    restic_version: resticVersion ?? null,
    snapshots,
    trees,
    entries,
    files,
    check: { ours: check.ours, restic: check.restic ?? null },
    differences,
    sound: isSound,
  }
}
