import type { Cancellable } from 'restic-core'
import { SyncError } from '../errors.ts'
import type { FolderFiles } from '../files/folder-files.ts'
import { controlPaths } from './control-folder.ts'
import { replaceFile } from './json-file.ts'

/** The player's account. Never printed: only the name appears in messages. */
export interface Token {
  readonly account: string
  readonly password: string
}

/** `account:password`; the password may contain colons. @throws SyncError 'SETTINGS' */
export function parseToken(text: string, where: string): Token {
  const line = text.replace(/^\uFEFF/, '').trim()
  const colon = line.indexOf(':')
  const account = line.slice(0, Math.max(colon, 0))
  const password = line.slice(colon + 1)
  if (account === '' || password === '' || /[/\s\p{Cc}]/u.test(account)) {
    throw new SyncError('SETTINGS', `${where} holds no token of the form ACCOUNT:PASSWORD`, {
      hint: 'Ask whoever runs the server for the token, and run setup again.',
    })
  }
  return { account, password }
}

/** undefined when the folder has none. @throws SyncError 'SETTINGS' */
export async function readToken(
  files: FolderFiles,
  options?: Cancellable,
): Promise<Token | undefined> {
  const content = await files.read(controlPaths.token, options)
  if (content === undefined) return undefined
  return parseToken(new TextDecoder().decode(content), controlPaths.token)
}

export function writeToken(files: FolderFiles, { account, password }: Token): Promise<void> {
  return replaceFile(files, controlPaths.token, `${account}:${password}\n`, 0o600)
}
