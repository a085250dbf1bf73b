import * as z from 'zod'
import { parseFlags, switchFlag } from '../restic-ts/flags.ts'
import { type Environment, packFolderOf } from './opt-in.ts'

const commonFlags = z.object({
  packFolder: z.string().optional(),
  tokenFile: z.string().optional(),
  repoPasswordFile: z.string().optional(),
  instanceLabel: z.string().optional(),
  keyCache: z.boolean().default(true),
  json: switchFlag,
  quiet: switchFlag,
})

/** What every command is told, by flags and by the environment. */
export interface CommonOptions {
  /** absolute */
  readonly packFolder: string
  readonly tokenFile: string | undefined
  readonly repoPasswordFile: string | undefined
  /** from the environment; a secret */
  readonly repositoryPassword: string | undefined
  readonly label: string | undefined
  readonly keepsKey: boolean
  readonly json: boolean
  readonly quiet: boolean
}

export function commonOptions(
  given: Readonly<Record<string, unknown>>,
  {
    environment,
    workingFolder,
  }: { readonly environment: Environment; readonly workingFolder: string },
): CommonOptions {
  const flags = parseFlags(commonFlags, given)
  const labels = [flags.instanceLabel, environment['INST_NAME'], environment['INST_ID']]
  return {
    packFolder: packFolderOf(flags.packFolder, environment, workingFolder),
    tokenFile: flags.tokenFile,
    repoPasswordFile: flags.repoPasswordFile,
    repositoryPassword: environment['CLOUD_SYNC_REPO_PASSWORD'] || undefined,
    label: labels.find((label) => label !== undefined && label.trim() !== ''),
    keepsKey: flags.keyCache,
    json: flags.json,
    quiet: flags.quiet,
  }
}
