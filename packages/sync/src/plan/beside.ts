import { type Entries, type Entry, dropFilledFolders, isWithin } from '../tree/entry.ts'
import type { PathConflict } from './merge.ts'

export interface BesideOptions {
  /** machine whose version is put beside */
  readonly host: string
  /** `2026-11-21 18.30`: for people, and without characters that a file system refuses */
  readonly date: string
}

/**
 * Puts our side of each conflict beside what is there: `saves/World (from HOST, DATE)`.
 *
 * @param result a state that holds their side of the conflicts
 * @returns the state with both, and where each of ours went
 */
export function placeBeside(
  result: Entries,
  ours: Entries,
  conflicts: readonly PathConflict[],
  options: BesideOptions,
): { readonly result: Entries; readonly placed: ReadonlyMap<string, string> } {
  const both = new Map<string, Entry>(result)
  const placed = new Map<string, string>()
  const taken = new Set([...result.keys(), ...ours.keys()].flatMap(withFolders).map(plain))
  for (const { path } of conflicts) {
    const mine = [...ours].filter(
      ([one, entry]) => isWithin(one, path) && entry.type !== 'unreadable',
    )
    if (mine.length === 0) continue
    const own = ours.get(path)
    const isFolder = own === undefined || own.type === 'folder'
    const place = freePlace(path, isFolder, taken, options)
    placed.set(path, place)
    for (const [one, entry] of mine) both.set(place + one.slice(path.length), entry)
  }
  dropFilledFolders(both)
  return { result: both, placed }
}

function withFolders(path: string): string[] {
  const all = [path]
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    all.push(path.slice(0, slash))
  }
  return all
}

/** Free also where case is ignored, for the state goes to all machines. */
function plain(path: string): string {
  return path.normalize('NFC').toLowerCase()
}

function freePlace(
  path: string,
  isFolder: boolean,
  taken: Set<string>,
  { host, date }: BesideOptions,
): string {
  const { stem, ending } = isFolder ? { stem: path, ending: '' } : splitEnding(path)
  for (let number = 1; ; number++) {
    const count = number === 1 ? '' : ` ${number}`
    const suffix = ` (from ${asName(host)}, ${asName(date)}${count})${ending}`
    const place = shortened(stem, nameBytesMax - bytesOf(suffix)) + suffix
    if (taken.has(plain(place))) continue
    taken.add(plain(place))
    return place
  }
}

/** The longest name that all file systems take; some count bytes, and no other unit is smaller. */
const nameBytesMax = 255
/** A longer ending is no ending, and would leave no room for the rest. */
const endingBytesMax = 32
const encoder = new TextEncoder()

function bytesOf(text: string): number {
  return encoder.encode(text).length
}

/** A path whose last name is cut to so many bytes, between characters. */
function shortened(path: string, bytesMax: number): string {
  const cut = path.lastIndexOf('/') + 1
  const name = Array.from(path.slice(cut))
  while (bytesOf(name.join('')) > bytesMax) name.pop()
  return path.slice(0, cut) + name.join('')
}

/** `config/a.toml`: `config/a` and `.toml`. A name that starts with its only dot has no ending. */
function splitEnding(path: string): { stem: string; ending: string } {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  if (dot <= 0 || bytesOf(name.slice(dot)) > endingBytesMax) return { stem: path, ending: '' }
  const cut = path.length - name.length + dot
  return { stem: path.slice(0, cut), ending: path.slice(cut) }
}

const longestPart = 60

/** A text that any file system takes as part of a name. */
function asName(text: string): string {
  const safe = text
    .replace(/[^\p{L}\p{N} ._-]/gu, '-')
    .trim()
    .slice(0, longestPart)
  return safe === '' ? 'unknown' : safe
}
