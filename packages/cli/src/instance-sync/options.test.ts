import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commonOptions } from './common-options.ts'
import { syncOptions } from './options.ts'

function optionsWith(tokenFile: string) {
  const common = commonOptions({ tokenFile }, { environment: {}, workingFolder: '/' })
  return syncOptions({ common } as Parameters<typeof syncOptions>[0])
}

describe('--token-file', () => {
  it('reads account and password', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'token-'))
    const path = join(folder.path, 'token')
    await writeFile(path, 'player:a:b\n')
    expect((await optionsWith(path)).token).toEqual({ account: 'player', password: 'a:b' })
  })

  it('names a file that is not there, and says what to do', async () => {
    await expect(optionsWith('/nowhere/token\u001b')).rejects.toMatchObject({
      name: 'Failure',
      message:
        'cannot read the token from /nowhere/token?: there is no such file. ' +
        'Give --token-file the path of a file that holds ACCOUNT:PASSWORD, ' +
        'or leave it out to use the token in the pack folder.',
    })
  })

  it('names a folder in its place', async () => {
    await expect(optionsWith(tmpdir())).rejects.toThrow(`${tmpdir()}: it is a folder. Give`)
  })

  it('names a file that holds something else', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'token-'))
    const path = join(folder.path, 'token')
    await writeFile(path, '{}')
    await expect(optionsWith(path)).rejects.toThrow(`${path} holds no token of the form`)
  })
})
