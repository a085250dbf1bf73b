import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'

/** Names and numbers of users and groups. */
export interface AccountNames {
  /** '' when the number has no name */
  userName(uid: number): string
  groupName(gid: number): string
  uidOf(userName: string): number | undefined
  gidOf(groupName: string): number | undefined
}

/**
 * The accounts of /etc/passwd and /etc/group, as they are now, and the user who runs this program.
 * Accounts that only a directory service knows have no names here: Node has no call to ask it.
 */
export function systemAccounts(): AccountNames {
  const users = readAccounts('/etc/passwd')
  const groups = readAccounts('/etc/group')
  addCurrentUser(users)
  return {
    userName: (uid) => users.names.get(uid) ?? '',
    groupName: (gid) => groups.names.get(gid) ?? '',
    uidOf: (name) => users.numbers.get(name),
    gidOf: (name) => groups.numbers.get(name),
  }
}

interface Accounts {
  readonly names: Map<number, string>
  readonly numbers: Map<string, number>
}

/** Both files have lines of fields between colons: the name is the first, the number the third. */
function readAccounts(path: string): Accounts {
  const accounts: Accounts = { names: new Map(), numbers: new Map() }
  for (const line of readLines(path)) {
    const [name, , number] = line.split(':')
    if (name === undefined || name === '' || name.startsWith('#')) continue
    if (number === undefined || !/^\d+$/.test(number)) continue
    add(accounts, name, Number(number))
  }
  return accounts
}

/** Where there is no such file, nobody has a name. */
function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}

function addCurrentUser(users: Accounts): void {
  try {
    const { uid, username } = userInfo()
    if (uid >= 0) add(users, username, uid)
  } catch {
    // Containers often run under a number that has no name.
  }
}

/** The first line that names an account counts, as it does for the system. */
function add({ names, numbers }: Accounts, name: string, number: number): void {
  if (!names.has(number)) names.set(number, name)
  if (!numbers.has(name)) numbers.set(name, number)
}
