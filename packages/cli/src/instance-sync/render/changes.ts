import type { Change, ChangeCounts } from '@instance-sync/sync'
import { countText, shown, sizeText } from './amounts.ts'

/**
 * `3 files added, 1 changed, 2 removed (12.3 MiB)`; what is zero is left out.
 *
 * @param changes where they are known, to tell folders from nothing at all
 */
export function countsText(
  { added, changed, removed, bytes }: ChangeCounts,
  changes?: readonly Change[],
): string {
  const [first, ...others] = (
    [
      [added, 'added'],
      [changed, 'changed'],
      [removed, 'removed'],
    ] as const
  ).filter(([count]) => count > 0)
  if (first === undefined) return changes?.length === 0 ? 'nothing' : 'only folders'
  const counted = [`${countText(first[0], 'file')} ${first[1]}`]
  for (const [count, what] of others) counted.push(`${count} ${what}`)
  return `${counted.join(', ')}${bytes > 0 ? ` (${sizeText(bytes)})` : ''}`
}

const signs = { added: '+', changed: '~', removed: '-' } as const

/** `+ saves/World/level.dat  1.2 KiB`. */
export function changeLine({ path, kind, before, after }: Change): string {
  const entry = after ?? before
  const what =
    entry?.type === 'file' ? sizeText(entry.size) : entry?.type === 'symlink' ? 'link' : entry?.type
  return `  ${signs[kind]} ${shown(path)}  ${what ?? ''}`
}

export function changeObject({ path, kind, before, after }: Change): object {
  const entry = after ?? before
  return {
    message_type: 'change',
    action: kind,
    path,
    type: entry?.type,
    size: entry?.type === 'file' ? entry.size : undefined,
  }
}

export function countsObject({ added, changed, removed, bytes }: ChangeCounts): object {
  return { files_added: added, files_changed: changed, files_removed: removed, bytes }
}
