/** Folders of arbitrary shape, names and contents for property tests. */
import { chmodSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'

export interface ArbitraryEntry {
  /** any bytes a file system takes */
  readonly name: Buffer
  readonly mtimeSeconds: number
  readonly content:
    | { readonly type: 'file'; readonly bytes: Uint8Array; readonly mode: number }
    | { readonly type: 'symlink'; readonly target: Buffer }
    | { readonly type: 'dir'; readonly entries: readonly ArbitraryEntry[]; readonly mode: number }
}

const forbidden = new Set(['.', '..'])

const plainName = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 40 })
  .map((text) => Buffer.from(text))
const byteName = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes))
const awkwardName = fc
  .array(fc.constantFrom('\\', '"', '\n', '\t', 'é', '\u0301', '\u2028', '😀', 'x', '\u007f'), {
    minLength: 1,
    maxLength: 10,
  })
  .map((characters) => Buffer.from(characters.join('')))

const name = fc
  .oneof(plainName, byteName, awkwardName)
  .map((bytes) => bytes.subarray(0, 255))
  .filter((bytes) => !bytes.includes(0) && !bytes.includes(47) && !forbidden.has(bytes.toString()))

/** Only root reads what it has no permission for. */
const readable = process.getuid?.() === 0 ? 0 : 0o700
const mode = fc.integer({ min: 0, max: 0o7777 }).map((bits) => bits | readable)

/** Small ones, and some long enough for several chunks. */
const bytes = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 3000 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 400_000, max: 3_000_000 }))
      .map(([seed, length]) => noise(seed, length)),
  },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2_000_000 }).map((n) => new Uint8Array(n)) },
)

const target = fc
  .uint8Array({ minLength: 1, maxLength: 200 })
  .map((all) => Buffer.from(all))
  .filter((all) => !all.includes(0))

const { entries } = fc.letrec<{ entries: readonly ArbitraryEntry[] }>((tie) => ({
  entries: fc.uniqueArray(
    fc.record({
      name,
      mtimeSeconds: fc.integer({ min: -2_000_000_000, max: 8_000_000_000 }),
      content: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.record({ type: fc.constant('file' as const), bytes, mode }),
        fc.record({ type: fc.constant('symlink' as const), target }),
        fc.record({ type: fc.constant('dir' as const), entries: tie('entries'), mode }),
      ),
    }),
    { maxLength: 8, selector: (entry) => entry.name.toString('hex') },
  ),
}))

export const arbitraryEntries: fc.Arbitrary<readonly ArbitraryEntry[]> = entries

/** Bytes that look random and follow from the seed. */
function noise(seed: number, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = seed || 1
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[at] = state
  }
  return new Uint8Array(words.buffer, 0, length)
}

/** Writes the entries into a folder that exists. */
export function writeEntries(folder: Buffer, all: readonly ArbitraryEntry[]): void {
  for (const { name: own, content, mtimeSeconds } of all) {
    const path = Buffer.concat([folder, Buffer.from('/'), own])
    if (content.type === 'symlink') symlinkSync(content.target, path)
    else if (content.type === 'file') writeFileSync(path, content.bytes)
    else {
      mkdirSync(path)
      writeEntries(path, content.entries)
    }
    if (content.type !== 'symlink') chmodSync(path, content.mode)
    lutimesSync(path, mtimeSeconds, mtimeSeconds)
  }
}
