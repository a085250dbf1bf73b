import { type Token, init as initFolder, parseToken } from '@instance-sync/sync'
import * as z from 'zod'
import { Failure } from '../../shared/failure.ts'
import { terminalInput } from '../../shared/prompt.ts'
import { type LoadedCommand, type WorkContext, defineCommand } from '../command.ts'
import { onConflict } from '../conflict-question.ts'
import { answerFlag } from '../launcher-options.ts'
import { refuseMissingFolder, syncOptions } from '../options.ts'
import { initExitCode, initObjects, printInit } from '../render/init.ts'

const options = z.object({
  url: z.string().min(1, 'the flag --url needs an address'),
  token: z.string().optional(),
  instanceId: z.string().optional(),
  onConflict: answerFlag,
})

export const init: LoadedCommand = defineCommand({
  declare: (command) => {
    command
      .requiredOption('--url <url>', 'address of the server, or the path of a folder; required')
      .option(
        '--token <id:password>',
        'the account and its password; other users of this machine may see it while the command ' +
          'runs, so give it on standard input or in a file instead',
      )
      .option('--instance-id <id>', 'join the instance that another machine has')
      .option(
        '--on-conflict <answer>',
        'when the cloud and the folder differ: stop, keep-here, keep-there, keep-both or merge',
      )
  },
  options,
  async run({ url, token, instanceId, onConflict: answer }, context) {
    await refuseMissingFolder(context.common.packFolder)
    const given = await syncOptions(context)
    return initFolder({
      ...given,
      url,
      token: await chosenToken(url, token, given, context),
      instanceId,
      onConflict: onConflict(answer, context),
    })
  },
  text: printInit,
  json: initObjects,
  exitCode: initExitCode,
})

/** As the flags say; else typed, or on standard input, where one is needed. */
async function chosenToken(
  url: string,
  flag: string | undefined,
  {
    token,
    repositoryPassword,
  }: { token?: Token | undefined; repositoryPassword?: string | undefined },
  { person, stdin, signals, signal }: WorkContext,
): Promise<Token | undefined> {
  if (flag !== undefined && token !== undefined) {
    throw new Failure('--token and --token-file cannot be given together', { isUsage: true })
  }
  if (flag !== undefined) return parseToken(flag, '--token')
  if (token !== undefined) return token
  const isServer = /^(?:rest:)?https?:/i.test(url)
  if (!isServer && repositoryPassword !== undefined) return undefined
  if (person !== undefined) {
    return parseToken(await person.askSecret('Token (ACCOUNT:PASSWORD): '), 'what you typed')
  }
  const interrupt = (): void => void signals.emit('SIGINT')
  const input = terminalInput(stdin, process.stderr, { signal, interrupt })
  return parseToken(await input.readLine(), 'standard input')
}
