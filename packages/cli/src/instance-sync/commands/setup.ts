import { init as initFolder, parseToken } from '@instance-sync/sync'
import * as z from 'zod'
import { Failure } from '../../shared/failure.ts'
import { type LoadedCommand, defineCommand } from '../command.ts'
import { onConflict } from '../conflict-question.ts'
import { answerFlag } from '../launcher-options.ts'
import { syncOptions } from '../options.ts'
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
    const { person, common, screen } = context
    if (person === undefined) {
      throw new Failure('setup asks questions and needs a terminal; scripts use init', {
        isUsage: true,
      })
    }
    screen.print(`Syncing ${shown(common.packFolder)}`)
    const url = await askUntilGiven((question) => person.ask(question), 'Address of the server: ')
    const given = await syncOptions(context)
    const token =
      given.token ??
      parseToken(
        await askUntilGiven(
          (question) => person.askSecret(question),
          'Token (ACCOUNT:PASSWORD; not shown): ',
        ),
        'what you typed',
      )
    const instanceId = await person.ask(
      'Instance id, when another machine has this instance (Enter for a new one): ',
    )
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

async function askUntilGiven(
  ask: (question: string) => Promise<string>,
  question: string,
): Promise<string> {
  for (;;) {
    const answer = (await ask(question)).trim()
    if (answer !== '') return answer
  }
}
