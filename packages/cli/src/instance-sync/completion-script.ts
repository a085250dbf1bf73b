export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const
type Shell = (typeof shells)[number]

interface CompletedFlag {
  /** with its dashes */
  readonly name: string
  readonly description: string
  readonly takesValue: boolean
}

export interface CompletedCommand {
  readonly name: string
  readonly summary: string
  readonly flags: readonly CompletedFlag[]
}

const answers = ['stop', 'keep-here', 'keep-there', 'keep-both', 'merge']

export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  return writers[shell](commands)
}

const writers: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
}

function bashScript(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(
    ({ name, flags }) => `    ${name}) words="${flags.map(flagWord).join(' ')}" ;;`,
  )
  return `_instance_sync() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  COMPREPLY=()
  # bash takes --flag=value apart at the equals sign.
  [[ $word == = ]] && word=""
  [[ $before == = ]] && before="\${COMP_WORDS[COMP_CWORD-2]}"
  case "$before" in
    --on-conflict) COMPREPLY=($(compgen -W "${answers.join(' ')}" -- "$word")); return ;;
    --pack-folder|--to) COMPREPLY=($(compgen -d -- "$word")); return ;;
    --token-file|--repo-password-file) COMPREPLY=($(compgen -f -- "$word")); return ;;
    completion) COMPREPLY=($(compgen -W "${shells.join(' ')}" -- "$word")); return ;;
  esac
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')} --help --version" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words --help" -- "$word"))
  [[ \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -o bashdefault -F _instance_sync instance-sync
`
}

function flagWord({ name, takesValue }: CompletedFlag): string {
  return takesValue ? `${name}=` : name
}

function zshScript(commands: readonly CompletedCommand[]): string {
  const list = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`)
  const cases = commands.map(({ name, flags }) => {
    const specs = flags.map((flag) => `      ${quoted(zshSpec(flag))}`)
    return `    ${name})\n      _arguments \\\n${[...specs, "      '*:file:_files'"].join(' \\\n')} ;;`
  })
  return `#compdef instance-sync
_instance_sync() {
  local -a commands=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _instance_sync instance-sync
`
}

function zshSpec({ name, description, takesValue }: CompletedFlag): string {
  const text = description.replaceAll(/[[\]:]/g, String.raw`\$&`)
  if (!takesValue) return `${name}[${text}]`
  if (name === '--on-conflict') return `${name}=[${text}]:answer:(${answers.join(' ')})`
  if (name === '--pack-folder' || name === '--to') return `${name}=[${text}]:folder:_files -/`
  return `${name}=[${text}]:value:${name.endsWith('-file') ? '_files' : ' '}`
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, summary, flags }) => [
    `complete -c instance-sync -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...flags.map((flag) => {
      const base = `complete -c instance-sync -n '__fish_seen_subcommand_from ${name}' -l ${flag.name.slice(2)} -d ${quoted(flag.description)}`
      if (flag.name === '--on-conflict') return `${base} -x -a '${answers.join(' ')}'`
      return flag.takesValue ? `${base} -r` : base
    }),
  ])
  return `${lines.join('\n')}
complete -c instance-sync -n '__fish_seen_subcommand_from completion' -f -a '${shells.join(' ')}'
`
}

/** In single quotes, for zsh and fish: both end and reopen the quotes for one inside. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function powershellScript(commands: readonly CompletedCommand[]): string {
  const rows = commands.map(({ name, flags }) => {
    const words = [...flags.map(flagWord), '--help'].map(doubled).join(', ')
    return `    ${doubled(name)} = @(${words})`
  })
  return `Register-ArgumentCompleter -Native -CommandName instance-sync -ScriptBlock {
  param($word, $line, $position)
  $flags = @{
${rows.join('\n')}
  }
  $words = @($line.CommandElements | ForEach-Object { $_.ToString() })
  $command = if ($words.Count -gt 1) { $words[1] } else { '' }
  $choices = if ($flags.ContainsKey($command) -and $command -ne $word) { $flags[$command] } else { @(${commands.map(({ name }) => doubled(name)).join(', ')}) }
  $choices | Where-Object { $_ -like "$word*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`
}

/** In single quotes, for PowerShell. */
function doubled(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
