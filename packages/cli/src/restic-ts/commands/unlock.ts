import { unlock as removeLocks } from 'restic-core'
import * as z from 'zod'
import { defineCommand, type LoadedCommand } from '../command.ts'
import { switchFlag } from '../flags.ts'
import { openSession } from '../session.ts'

export const unlock: LoadedCommand = defineCommand({
  declare: (command) => {
    // restic takes further words here, and does nothing with them.
    command.option('--remove-all', 'remove all locks, even those in use').allowExcessArguments(true)
  },
  options: z.object({ removeAll: switchFlag }),

  async run({ removeAll }, context) {
    await using session = await openSession(context, 'none')
    const { repository, signal } = session
    return { removed: await removeLocks(repository, removeAll ? 'all' : 'stale', { signal }) }
  },

  text: (_, screen) => ({
    event: () => undefined,
    result: ({ removed }) => {
      if (removed > 0) screen.print(`successfully removed ${removed} locks`)
    },
  }),
  // restic has no JSON for this command and prints nothing.
  json: () => ({ event: () => undefined, result: () => undefined }),
  exitCode: () => 0,
})
