import { type Token, init as initFolder, parseToken } from '@instance-sync/sync'
import * as z from 'zod'
import { Failure } from '../../shared/failure.ts'
import { type LoadedCommand, defineCommand } from '../command.ts'
import { onConflict } from '../conflict-question.ts'
import { answerFlag } from '../launcher-options.ts'
import { refuseMissingFolder, syncOptions } from '../options.ts'
import type { Person } from '../person.ts'
import { shown } from '../render/amounts.ts'
import { initExitCode, initObjects, printInit } from '../render/init.ts'

const options = z.object({ onConflict: answerFlag })

export const setup: LoadedCommand = defineCommand({
  declare: (command) => {
    command.option(
      '--on-conflict <answer>',
      'when the cloud and the folder differ: stop, keep-here, keep-there, keep-both or merge',
    )
  },
  options,
  async run({ onConflict: answer }, context) {
    const { person, common, screen, progress } = context
    if (person === undefined) {
      throw new Failure('setup asks questions and needs a terminal; scripts use init', {
        isUsage: true,
      })
    }
    await refuseMissingFolder(common.packFolder)
    screen.print(`Syncing ${shown(common.packFolder)}`)
    const given = await syncOptions(context)
    const { url, token, instanceId } = await progress.paused(() => askSettings(person, given.token))
    screen.print('Asking the server…')
    return initFolder({
      ...given,
      url,
      token,
      instanceId: instanceId === '' ? undefined : instanceId,
      onConflict: onConflict(answer, context),
    })
  },
  text(report, output) {
    printInit(report, output)
    if (report.outcome === 'conflict') return
    output.print('Tell your launcher to run these:')
    output.print('  before the game  instance-sync pull')
    output.print('  after the game   instance-sync push')
  },
  json: initObjects,
  exitCode: initExitCode,
})

interface Settings {
  readonly url: string
  readonly token: Token
  /** empty for a new instance */
  readonly instanceId: string
}

async function askSettings(person: Person, known: Token | undefined): Promise<Settings> {
  const ask = (question: string): Promise<string> => person.ask(question)
  const askSecret = (question: string): Promise<string> => person.askSecret(question)
  const url = await askUntilGiven(ask, 'Address of the server: ')
  const token =
    known ??
    parseToken(
      await askUntilGiven(askSecret, 'Token (ACCOUNT:PASSWORD; not shown): '),
      'what you typed',
    )
  const instanceId = await person.ask(
    'Instance id, when another machine has this instance (Enter for a new one): ',
  )
  return { url, token, instanceId }
}

async function askUntilGiven(
  ask: (question: string) => Promise<string>,
  question: string,
): Promise<string> {
  for (;;) {
    const answer = (await ask(question)).trim()
    if (answer !== '') return answer
  }
}
