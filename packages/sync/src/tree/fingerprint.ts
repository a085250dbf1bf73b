import type { Entries, Entry } from './entry.ts'

const encoder = new TextEncoder()

export interface Hashing {
  sha256(data: Uint8Array): Uint8Array
}

/**
 * One hash over a state: equal for equal states, whatever the order of listing. Nothing that cannot
 * be read may be in it, since two such states are not known to be equal.
 */
export function fingerprint(entries: Entries, hashing: Hashing): string {
  const lines = [...entries].map(([path, entry]) => `${JSON.stringify(path)} ${entryText(entry)}\n`)
  return hexHash(lines.toSorted().join(''), hashing)
}

/** Lowercase hex of the SHA-256 of a text. */
export function hexHash(text: string, hashing: Hashing): string {
  const digest = hashing.sha256(encoder.encode(text))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function entryText(entry: Entry): string {
  switch (entry.type) {
    case 'file':
      return `file ${entry.executable ? 'x' : '-'} ${entry.size} ${entry.content.join(',')}`
    case 'symlink':
      return `symlink ${JSON.stringify(entry.target)}`
    case 'folder':
      return 'folder'
    case 'unreadable':
      throw new TypeError('a state with unreadable files has no fingerprint')
  }
}
