import { disable as disableFolder } from '@instance-sync/sync'
import * as z from 'zod'
import { type LoadedCommand, defineCommand } from '../command.ts'
import { syncOptions } from '../options.ts'

export const disable: LoadedCommand = defineCommand({
  declare: () => undefined,
  options: z.object({}),
  run: async (_, context) => disableFolder(await syncOptions(context)),
  text({ outcome }, output) {
    if (outcome === 'not-enabled') return output.print('This folder is not synced.')
    output.print('This folder is not synced any more. Its token and all that is in the cloud stay.')
  },
  *json({ outcome }) {
    yield { message_type: 'summary', command: 'disable', outcome }
  },
  exitCode: () => 0,
})
