import { type Command, Option } from 'commander'
import type { FlagText } from './launcher-flags.ts'

export function declareTexts(command: Command, flags: readonly FlagText[], group?: string): void {
  for (const [names, description] of flags) {
    const option = new Option(names, description)
    command.addOption(group === undefined ? option : option.helpGroup(group))
  }
}
