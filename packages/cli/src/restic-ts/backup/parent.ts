import { type SnapshotFacts, type StoredSnapshot, chooseParent } from 'restic-core'
import { formatTime } from 'restic-core/format'
import type { Session } from '../session.ts'
import { findSnapshotPlace } from '../snapshot-choice.ts'
import type { BackupFlags } from './flags.ts'

/** The snapshot whose unchanged files need not be read: the one named, else the newest that fits. */
export async function findParent(
  session: Pick<Session, 'repository' | 'signal'>,
  flags: BackupFlags,
  facts: SnapshotFacts,
): Promise<StoredSnapshot | undefined> {
  if (flags.force) return undefined
  const { host, paths, tags } = flags.groupBy
  if (flags.parent !== undefined) {
    const filter = {
      hosts: host ? [facts.hostname] : [],
      paths: paths ? facts.paths : [],
      tagLists: tags ? [facts.tags ?? []] : [],
    }
    return (await findSnapshotPlace(session, flags.parent, filter)).snapshot
  }
  const { repository, signal } = session
  const { clock } = repository.runtime
  const candidates: StoredSnapshot[] = []
  for await (const snapshot of repository.snapshots({ signal })) candidates.push(snapshot)
  return chooseParent(candidates, {
    time: formatTime(facts.timeNs ?? clock.nowNs(), clock),
    hostname: host ? facts.hostname : undefined,
    paths: paths ? facts.paths : undefined,
    tags: tags ? facts.tags : undefined,
  })
}
