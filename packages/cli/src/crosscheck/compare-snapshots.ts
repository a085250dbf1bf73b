import type { Cancellable, Repository, StoredSnapshot } from 'restic-core'
import { parseTime } from 'restic-core/format'
import * as z from 'zod'
import { jsonText } from '../restic-ts/render/json.ts'
import { snapshotObject } from '../restic-ts/render/snapshot.ts'
import { type Difference, absent, differingMembers } from './difference.ts'
import type { ResticProgram } from './restic-program.ts'

const listing = z.array(z.looseObject({ id: z.string() }))

/** Every snapshot we can read, oldest first. What cannot be read is told. */
export async function ourSnapshots(
  repository: Repository,
  onDamaged: (id: string, error: Error) => void,
  options: Cancellable,
): Promise<StoredSnapshot[]> {
  const snapshots: StoredSnapshot[] = []
  for await (const snapshot of repository.snapshots({ ...options, onDamaged })) {
    snapshots.push(snapshot)
  }
  return snapshots.toSorted((a, b) => Number(parseTime(a.time) - parseTime(b.time)))
}

/** @returns how many restic lists, and what differs */
export async function compareSnapshots(
  ours: readonly StoredSnapshot[],
  restic: ResticProgram,
  options: Cancellable,
): Promise<{ readonly count: number; readonly differences: readonly Difference[] }> {
  let text = ''
  for await (const line of restic.lines(['snapshots', '--json'], options)) text += line
  const theirs = new Map(listing.parse(JSON.parse(text)).map((object) => [object.id, object]))
  const differences: Difference[] = []
  const add = (snapshot: string, oursSays: string, resticSays: string): void => {
    differences.push({
      subject: 'snapshot',
      snapshot,
      path: '',
      ours: oursSays,
      restic: resticSays,
    })
  }
  for (const snapshot of ours) {
    const object = theirs.get(snapshot.id)
    if (object === undefined) {
      add(snapshot.id, 'lists it', absent)
      continue
    }
    // restic lists the paths in order, and has no lists that are empty.
    const shown = { ...snapshotObject(snapshot), paths: snapshot.paths.toSorted() }
    const found = differingMembers(shown, object, jsonText)
    if (found !== undefined) add(snapshot.id, found.ours, found.theirs)
  }
  const ids = new Set<string>(ours.map(({ id }) => id))
  for (const id of theirs.keys()) if (!ids.has(id)) add(id, absent, 'lists it')
  return { count: theirs.size, differences }
}
