import type { Command } from 'commander'
import * as z from 'zod'
import { Failure } from '../../shared/failure.ts'
import type { CommandContext } from '../command.ts'
import { switchFlag } from '../flags.ts'
import { openGlobalRepository } from '../open.ts'

/** What `init` is told about the repository to cut files like. '' means not given. */
interface SourceFlags {
  readonly copyChunkerParams: boolean
  readonly fromRepo: string
  readonly fromRepositoryFile: string
  readonly fromPasswordFile: string
  readonly fromPasswordCommand: string
  readonly fromKeyHint: string
  readonly fromInsecureNoPassword: boolean
}

type Shape = { readonly [Flag in keyof SourceFlags]: z.ZodType<SourceFlags[Flag]> }

export const sourceFlags: Shape = {
  copyChunkerParams: switchFlag,
  fromRepo: z.string().default(''),
  fromRepositoryFile: z.string().default(''),
  fromPasswordFile: z.string().default(''),
  fromPasswordCommand: z.string().default(''),
  fromKeyHint: z.string().default(''),
  fromInsecureNoPassword: switchFlag,
}

export function declareSourceFlags(command: Command): void {
  command
    .option('--copy-chunker-params', 'cut files where the source repository does')
    .option('--from-repo <repository>', 'source repository [$RESTIC_FROM_REPOSITORY]')
    .option(
      '--from-repository-file <file>',
      'file that holds its location [$RESTIC_FROM_REPOSITORY_FILE]',
    )
    .option(
      '--from-password-file <file>',
      'file that holds its password [$RESTIC_FROM_PASSWORD_FILE]',
    )
    .option(
      '--from-password-command <command>',
      'command that prints it [$RESTIC_FROM_PASSWORD_COMMAND]',
    )
    .option('--from-key-hint <key>', 'id of its key to try first [$RESTIC_FROM_KEY_HINT]')
    .option('--from-insecure-no-password', 'it has an empty password')
}

/**
 * The polynomial of the source repository, with `--copy-chunker-params`; without, none.
 *
 * @throws Failure when a source is named and nothing is to be taken from it, or the other way round
 */
export async function sourcePolynomial(
  flags: SourceFlags,
  context: CommandContext,
): Promise<bigint | undefined> {
  const source = sourceContext(flags, context)
  const { repo, repositoryFile } = source.globals
  const isNamed = repo !== '' || repositoryFile !== ''
  if (!flags.copyChunkerParams) {
    if (!isNamed) return undefined
    throw new Failure(
      'Secondary repository must only be specified when copying the chunker parameters',
    )
  }
  if (!isNamed) {
    throw new Failure(
      'Please specify a source repository location (--from-repo or --from-repository-file)',
    )
  }
  if (repo !== '' && repositoryFile !== '') {
    throw new Failure(
      'Options --from-repo and --from-repository-file are mutually exclusive, please specify only one',
    )
  }
  await using opened = await openGlobalRepository(source, {})
  return opened.repository.config.chunkerPolynomial
}

/** As the command is called, but for the other repository: no flag of the new one is meant for it. */
function sourceContext(flags: SourceFlags, context: CommandContext): CommandContext {
  const variable = (name: string): string => context.environment[`RESTIC_FROM_${name}`] ?? ''
  const globals = {
    ...context.globals,
    repo: flags.fromRepo || variable('REPOSITORY'),
    repositoryFile: flags.fromRepositoryFile || variable('REPOSITORY_FILE'),
    passwordFile: flags.fromPasswordFile || variable('PASSWORD_FILE'),
    passwordCommand: flags.fromPasswordCommand || variable('PASSWORD_COMMAND'),
    password: variable('PASSWORD'),
    keyHint: flags.fromKeyHint || variable('KEY_HINT'),
    insecureNoPassword: flags.fromInsecureNoPassword,
  }
  return { ...context, globals }
}
