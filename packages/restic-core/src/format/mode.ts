import type { NodeType } from './node.ts'

/**
 * Modes are stored as Go's FileMode: permissions in bits 0 to 8 as on Unix, the rest above.
 * Source: the documentation of Go's io/fs package, type FileMode.
 */
export const modeBits = {
  dir: 0x8000_0000,
  symlink: 0x800_0000,
  device: 0x400_0000,
  fifo: 0x200_0000,
  socket: 0x100_0000,
  setuid: 0x80_0000,
  setgid: 0x40_0000,
  chardev: 0x20_0000,
  sticky: 0x10_0000,
  irregular: 0x8_0000,
  permissions: 0o777,
} as const

/** What `st_mode` says in its four type bits. */
const statTypes: readonly {
  readonly stat: number
  readonly mode: number
  readonly type: NodeType
}[] = [
  { stat: 0o10_0000, mode: 0, type: 'file' },
  { stat: 0o04_0000, mode: modeBits.dir, type: 'dir' },
  { stat: 0o12_0000, mode: modeBits.symlink, type: 'symlink' },
  { stat: 0o06_0000, mode: modeBits.device, type: 'dev' },
  { stat: 0o02_0000, mode: modeBits.device + modeBits.chardev, type: 'chardev' },
  { stat: 0o01_0000, mode: modeBits.fifo, type: 'fifo' },
  { stat: 0o14_0000, mode: modeBits.socket, type: 'socket' },
]
const statTypeMask = 0o17_0000

const statFlags: readonly { readonly stat: number; readonly mode: number }[] = [
  { stat: 0o4000, mode: modeBits.setuid },
  { stat: 0o2000, mode: modeBits.setgid },
  { stat: 0o1000, mode: modeBits.sticky },
]

/** The mode a node stores, from Unix's `st_mode`. */
export function modeFromStat(statMode: number): number {
  const found = statTypes.find(({ stat }) => stat === (statMode & statTypeMask))
  let mode = (statMode & modeBits.permissions) + (found?.mode ?? modeBits.irregular)
  for (const flag of statFlags) if ((statMode & flag.stat) !== 0) mode += flag.mode
  return mode
}

/** The type of node, from Unix's `st_mode`. */
export function typeFromStat(statMode: number): NodeType {
  const found = statTypes.find(({ stat }) => stat === (statMode & statTypeMask))
  return found?.type ?? 'irregular'
}

/** The bits chmod takes: permissions, setuid, setgid and sticky. */
export function permissionsToStat(mode: number): number {
  let permissions = mode & modeBits.permissions
  for (const flag of statFlags) if (hasBit(mode, flag.mode)) permissions |= flag.stat
  return permissions
}

/** Unix's `st_mode`; the type bits are 0 for what Unix has no type for. */
export function modeToStat(mode: number): number {
  const typeBits = statTypes.reduce((sum, { mode: bits }) => sum | bits, 0)
  const found = statTypes.find((type) => (mode & typeBits) >>> 0 === type.mode)
  const isIrregular = hasBit(mode, modeBits.irregular)
  return permissionsToStat(mode) + (isIrregular ? 0 : (found?.stat ?? 0))
}

/** Letters of bits 31 to 19, as Go prints them. */
const modeLetters = 'dalTLDpSugct?'
const permissionLetters = 'rwxrwxrwx'

/** `drwxr-xr-x`, as restic shows a mode: Go's letters, which differ from those of `ls`. */
export function modeText(mode: number): string {
  let text = ''
  for (const [index, letter] of Array.from(modeLetters).entries()) {
    if (hasBit(mode, 2 ** (31 - index))) text += letter
  }
  if (text === '') text = '-'
  for (const [index, letter] of Array.from(permissionLetters).entries()) {
    text += hasBit(mode, 2 ** (8 - index)) ? letter : '-'
  }
  return text
}

export function hasBit(mode: number, bit: number): boolean {
  return (mode & bit) !== 0
}
