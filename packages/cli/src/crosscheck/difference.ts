/** Something on which the two programs do not agree. */
export interface Difference {
  readonly subject: 'snapshot' | 'entry' | 'content' | 'check'
  /** id of the snapshot in which it was met */
  readonly snapshot: string
  /** below the root of the snapshot; '' where it is about no single entry */
  readonly path: string
  /** what each side says */
  readonly ours: string
  readonly restic: string
}

export const absent = 'does not have it'

/** The members on which two objects differ, of those that `theirs` has; undefined when there are none. */
export function differingMembers(
  ours: Readonly<Record<string, unknown>>,
  theirs: Readonly<Record<string, unknown>>,
  textOf: (value: unknown) => string,
): { readonly ours: string; readonly theirs: string } | undefined {
  const keys = Object.keys(theirs).filter((key) => textOf(ours[key]) !== textOf(theirs[key]))
  if (keys.length === 0) return undefined
  const show = (side: Readonly<Record<string, unknown>>): string =>
    keys.map((key) => `${key}=${textOf(side[key])}`).join(' ')
  return { ours: show(ours), theirs: show(theirs) }
}
