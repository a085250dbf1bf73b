import { Command } from 'commander'
import { parseFlags } from '../../restic-ts/flags.ts'
import * as z from 'zod'
import { Failure } from '../../shared/failure.ts'
import type { LoadedCommand } from '../command.ts'
import { type CompletedCommand, completionScript, shells } from '../completion-script.ts'
import { commands, declareCommand } from '../program.ts'

export const completion: LoadedCommand = {
  declare(command) {
    command.argument('<shell>', `one of ${shells.join(', ')}`).addHelpText('after', installHelp)
  },

  async execute(given, { screen }) {
    const { args } = parseFlags(z.object({ args: z.array(z.string()) }), given)
    const shell = shells.find((name) => name === args[0])
    if (shell === undefined) {
      throw new Failure(`the shell must be one of ${shells.join(', ')}`, { isUsage: true })
    }
    await screen.write(completionScript(shell, await declaredCommands()))
    return 0
  },
}

const installHelp = `
bash        source <(instance-sync completion bash)               in ~/.bashrc
zsh         source <(instance-sync completion zsh)                in ~/.zshrc, after compinit
fish        instance-sync completion fish | source                in ~/.config/fish/config.fish
PowerShell  instance-sync completion powershell | Out-String | Invoke-Expression    in $PROFILE
`

/** As the commands themselves declare them, so that completions never differ from what is taken. */
async function declaredCommands(): Promise<CompletedCommand[]> {
  return Promise.all(
    commands.map(async (entry) => {
      const declaration = new Command(entry.name)
      declareCommand(await entry.load(), declaration)
      const flags = declaration.options.map((option) => ({
        name: option.long ?? option.flags,
        description: option.description,
        takesValue: option.required,
      }))
      return { name: entry.name, summary: entry.summary, flags }
    }),
  )
}
