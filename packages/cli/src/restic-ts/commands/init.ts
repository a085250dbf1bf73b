import { type InitOptions, initRepository, isResticError } from 'restic-core'
import { processIdentity } from 'restic-core/node'
import * as z from 'zod'
import { Failure } from '../../shared/failure.ts'
import { askNewPassword } from '../../shared/password.ts'
import { type CommandContext, defineCommand, type LoadedCommand } from '../command.ts'
import { choiceFlag } from '../flags.ts'
import { declareSourceFlags, sourceFlags, sourcePolynomial } from '../init/source-repository.ts'
import { printJson } from '../render/json.ts'
import { globalPassword, openGlobalStore } from '../open.ts'

export const init: LoadedCommand = defineCommand({
  declare: (command) => {
    command.option('--repository-version <version>', '1, 2, latest or stable', 'stable')
    declareSourceFlags(command)
  },
  options: z.object({
    ...sourceFlags,
    repositoryVersion: choiceFlag('repository-version', ['1', '2', 'latest', 'stable']).default(
      'stable',
    ),
  }),

  async run({ repositoryVersion, ...source }, context) {
    const chunkerPolynomial = await sourcePolynomial(source, context)
    const password = (await globalPassword(context)) ?? (await askNewPassword(context.passwords))
    const version = repositoryVersion === '1' ? 1 : 2
    return createRepository(context, { password, version, chunkerPolynomial })
  },

  text: (_, screen, { globals }) => ({
    event: () => undefined,
    result: ({ id, location }) => {
      if (globals.verbosity === 0) return
      screen.print(`created restic repository ${id.slice(0, 10)} at ${location}`)
      screen.print('')
      screen.print('Please note that knowledge of your password is required to access')
      screen.print('the repository. Losing your password means that your data is')
      screen.print('irrecoverably lost.')
    },
  }),
  json: (_, screen) => ({
    event: () => undefined,
    result: ({ id, location }) =>
      printJson(screen, { message_type: 'initialized', id, repository: location }),
  }),
  exitCode: () => 0,
})

async function createRepository(
  context: CommandContext,
  chosen: Pick<InitOptions, 'version' | 'chunkerPolynomial'> & { readonly password: string },
): Promise<{ readonly id: string; readonly location: string }> {
  const backend = await openGlobalStore(context)
  const { location } = backend
  const { hostname, username } = processIdentity()
  const { signal } = context
  const settings = { ...chosen, backend, hostname, username, signal }
  try {
    await using repository = await initRepository(settings)
    return { id: repository.config.id, location }
  } catch (error) {
    await backend[Symbol.asyncDispose]()
    if (!isResticError(error, 'BACKEND') || error.reason !== 'refused') throw error
    throw new Failure(`create repository at ${location} failed: ${error.message}`, {
      cause: error,
    })
  }
}
