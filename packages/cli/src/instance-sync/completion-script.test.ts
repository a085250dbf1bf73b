import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { completionScript, shells } from './completion-script.ts'

const run = promisify(execFile)

const commands = [
  {
    name: 'pull',
    summary: "what's new",
    flags: [
      { name: '--on-conflict', description: "the player's [answer]: one", takesValue: true },
      { name: '--json', description: 'lines', takesValue: false },
    ],
  },
  { name: 'push', summary: 'store', flags: [] },
]

/** What bash offers for the last of these words. */
async function offered(...words: readonly string[]): Promise<string[]> {
  const script = `${completionScript('bash', commands)}
    compopt() { :; }
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _instance_sync; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await run('bash', ['-c', script, 'bash', 'instance-sync', ...words])
  return stdout.split('\n').filter((line) => line !== '')
}

describe('completion scripts', () => {
  it('offer commands, flags and answers in bash', async () => {
    expect(await offered('pu')).toEqual(['pull', 'push'])
    expect(await offered('pull', '--')).toEqual(['--on-conflict=', '--json', '--help'])
    expect(await offered('push', '--')).toEqual(['--help'])
    expect(await offered('pull', '--on-conflict', '=', 'keep-b')).toEqual(['keep-both'])
    expect(await offered('pull', '--on-conflict', '=')).toHaveLength(5)
    expect(await offered('completion', 'f')).toEqual(['fish'])
  })

  it('quote what each shell would take for something else', () => {
    expect(completionScript('fish', commands)).toContain(String.raw`-d 'what'\''s new'`)
    expect(completionScript('zsh', commands)).toContain(
      String.raw`'--on-conflict=[the player'\''s \[answer\]\: one]:answer:(stop`,
    )
    expect(completionScript('powershell', commands)).toContain("'pull' = @('--on-conflict=',")
  })

  it('name every command, in every shell', () => {
    for (const shell of shells) {
      for (const { name } of commands) expect(completionScript(shell, commands)).toContain(name)
    }
  })
})
