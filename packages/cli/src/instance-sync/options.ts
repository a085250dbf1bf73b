import { type SyncOptions, type Token, parseToken } from '@instance-sync/sync'
import { readFile, stat } from 'node:fs/promises'
import { Failure } from '../shared/failure.ts'
import { givenPassword } from '../shared/password.ts'
import type { WorkContext } from './command.ts'
import { shown } from './render/amounts.ts'

/** What the library is told by every command. */
export async function syncOptions({
  common,
  signal,
  platform,
  onEvent,
}: Pick<WorkContext, 'common' | 'signal' | 'platform' | 'onEvent'>): Promise<SyncOptions> {
  return {
    packFolder: common.packFolder,
    token: common.tokenFile === undefined ? undefined : await tokenFrom(common.tokenFile),
    repositoryPassword: await givenPassword({
      file: common.repoPasswordFile,
      value: common.repositoryPassword,
    }),
    keepsKey: common.keepsKey,
    platform,
    signal,
    onEvent,
  }
}

async function tokenFrom(path: string): Promise<Token> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    const why = tokenFileTroubles[code] ?? `the disk answers ${code}`
    throw new Failure(
      `cannot read the token from ${shown(path)}: ${why}. ` +
        'Give --token-file the path of a file that holds ACCOUNT:PASSWORD, ' +
        'or leave it out to use the token in the pack folder.',
      { cause },
    )
  }
  return parseToken(text, shown(path))
}

const tokenFileTroubles: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'you may not read it',
  EPERM: 'you may not read it',
}

/** A mistyped folder must not come into being by being opted in. */
export async function refuseMissingFolder(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error
  }
  throw new Failure(`${path} is not a folder`)
}
