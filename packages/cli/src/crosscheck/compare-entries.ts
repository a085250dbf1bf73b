import { type BlobReader, type Cancellable, type StoredSnapshot, walkTree } from 'restic-core'
import * as z from 'zod'
import { jsonText } from '../restic-ts/render/json.ts'
import { nodeObject } from '../restic-ts/render/node.ts'
import { type Difference, absent, differingMembers } from './difference.ts'
import { lockstep } from './lockstep.ts'
import type { ResticProgram } from './restic-program.ts'

export interface EntryCounts {
  ours: number
  restic: number
}

interface Listed {
  readonly path: string
  /** the line of JSON that restic prints, or that we print */
  readonly line: string
}

const listedNode = z.looseObject({ path: z.string() })

/** Compares the metadata of every entry of a snapshot: what both show with `ls --json`. */
export async function* compareEntries(
  reader: Pick<BlobReader, 'readTree'>,
  snapshot: StoredSnapshot,
  restic: ResticProgram,
  counts: EntryCounts,
  options: Cancellable,
): AsyncGenerator<Difference, void> {
  const pairs = lockstep(
    ourEntries(reader, snapshot, options),
    theirEntries(restic, snapshot, options),
  )
  for await (const { path, ours, theirs } of pairs) {
    if (ours !== undefined) counts.ours++
    if (theirs !== undefined) counts.restic++
    const told = { subject: 'entry', snapshot: snapshot.id, path } as const
    if (ours === undefined) yield { ...told, ours: absent, restic: 'lists it' }
    else if (theirs === undefined) yield { ...told, ours: 'lists it', restic: absent }
    else {
      const found = differingLines(ours.line, theirs.line)
      if (found !== undefined) yield { ...told, ours: found.ours, restic: found.theirs }
    }
  }
}

/** Older versions of restic show less; what they show must be the same. */
function differingLines(
  ours: string,
  theirs: string,
): { readonly ours: string; readonly theirs: string } | undefined {
  if (ours === theirs) return undefined
  return differingMembers(
    listedNode.parse(JSON.parse(ours)),
    listedNode.parse(JSON.parse(theirs)),
    jsonText,
  )
}

async function* ourEntries(
  reader: Pick<BlobReader, 'readTree'>,
  { tree }: StoredSnapshot,
  options: Cancellable,
): AsyncGenerator<Listed, void> {
  for await (const { path, node } of walkTree(reader, tree, options)) {
    yield { path: path.toWellFormed(), line: jsonText(nodeObject(path, node)) }
  }
}

async function* theirEntries(
  restic: ResticProgram,
  { id }: StoredSnapshot,
  options: Cancellable,
): AsyncGenerator<Listed, void> {
  let isHeader = true
  for await (const line of restic.lines(['ls', '--json', id], options)) {
    if (!isHeader && line !== '') yield { path: listedNode.parse(JSON.parse(line)).path, line }
    isHeader = false
  }
}
