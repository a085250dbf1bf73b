import type { Cancellable } from '../../base/cancel.ts'
import { concatBytes } from '../../base/bytes.ts'
import { CorruptDataError } from '../../base/errors.ts'
import type { Node } from '../../format/node.ts'
import type { IndexedRepository } from '../../repository/api.ts'
import type { ComparedFile, FileToCompare } from '../../work/jobs/compare-files.ts'
import { decodeJobError } from '../../work/job-error.ts'
import { childPath } from '../shared/item-path.ts'
import type { TargetTree } from '../shared/target-tree.ts'
import { walkDecided } from './decided-trees.ts'
import type { Decision } from './decisions.ts'
import { FileComparer } from './existing-files.ts'
import type { RestorePlan } from './plan.ts'
import type { RestoreProgress } from './progress.ts'

interface WrittenFile extends FileToCompare {
  readonly itemPath: string
  /** bytes, as the snapshot tells; its blobs may come to something else */
  readonly size: number
}

/** Reads every file that was written, and compares it blob by blob. Returns how many are right. */
export async function verifyFiles(
  from: IndexedRepository,
  plan: RestorePlan,
  target: TargetTree,
  progress: RestoreProgress,
  options: Cancellable,
): Promise<number> {
  let right = 0
  const take = (file: WrittenFile, result: ComparedFile): void => {
    const error = problemOf(file, result)
    if (error) progress.failed(file.itemPath, error)
    else right++
  }
  await using comparer = new FileComparer<WrittenFile>(from.runtime.pool, take, options)
  for await (const { type, tree, firstEntry } of walkDecided(from, plan, options)) {
    if (type === 'leave') continue
    for (const [index, node] of tree.nodes.entries()) {
      const path = childPath(tree.path, node.name)
      if (node.type !== 'file' || !wasWritten(plan, firstEntry + index)) continue
      if (!progress.hasFailed(path)) await comparer.add(writtenFile(plan, target, path, node))
    }
  }
  await comparer.finish()
  return right
}

const written: readonly Decision[] = ['create', 'replace', 'renew', 'update']

function wasWritten(plan: RestorePlan, entry: number): boolean {
  const decision = plan.decisions.at(entry)
  return written.includes(decision)
}

function writtenFile(plan: RestorePlan, target: TargetTree, path: string, node: Node): WrittenFile {
  const { copies } = plan.contents
  // The plan has found each of these before.
  const numbers = (node.content ?? []).map((id) => copies.find(id) as number)
  return {
    itemPath: path,
    path: target.filePath(path),
    size: node.size ?? 0,
    ids: concatBytes(numbers.map((copy) => copies.id(copy))),
    lengths: numbers.map((copy) => copies.length(copy)),
  }
}

function problemOf(file: WrittenFile, result: ComparedFile): Error | undefined {
  if ('error' in result) return decodeJobError(result.error)
  const what = `restored file ${file.itemPath}`
  if (result.size !== file.size) return new CorruptDataError(what, 'length', { hint: verifyHint })
  if (result.matches.includes(0)) return new CorruptDataError(what, 'hash', { hint: verifyHint })
  return undefined
}

const verifyHint = 'The disk of the target or another program changed it while it was restored.'
