declare const kind: unique symbol

/** A SHA-256 as 64 lowercase hex digits. The brand keeps a pack's name out of a snapshot's slot. */
export type Id<Kind extends string = string> = string & { readonly [kind]: Kind }
export type BlobId = Id<'blob'>
/** A tree is a blob, so a tree's id serves wherever a blob's does. */
export type TreeId = Id<'blob'>
export type PackId = Id<'pack'>
export type SnapshotId = Id<'snapshot'>
export type IndexId = Id<'index'>
export type KeyId = Id<'key'>
export type LockId = Id<'lock'>
export type RepositoryId = Id<'repository'>

const idLength = 64

/** Whether `text` has the form of an id. Stores hold foreign files too; those names fail here. */
export function isId<Kind extends string>(text: string): text is Id<Kind> {
  // By hand: a backup asks this for each file, and an expression takes longer on a text that is new.
  if (text.length !== idLength) return false
  for (let at = 0; at < idLength; at++) {
    const code = text.charCodeAt(at)
    const isDigit = code >= 0x30 && code <= 0x39
    if (!isDigit && (code < 0x61 || code > 0x66)) return false
  }
  return true
}

/** Takes a name that must be an id; the caller has read it from a place that only holds ids. */
export function asId<Kind extends string>(text: string): Id<Kind> {
  if (!isId<Kind>(text)) throw new TypeError(`not an id: ${JSON.stringify(text)}`)
  return text
}

/** The first 8 digits, as people see ids. */
export function shortId(id: Id): string {
  return id.slice(0, 8)
}
