/** A flag as it is written in help, and what it does. */
export type FlagText = readonly [flags: string, description: string]

/** What every command takes. */
export const commonFlagTexts: readonly FlagText[] = [
  ['--pack-folder <path>', 'folder to sync (default: $INST_MC_DIR, then the current folder)'],
  ['--token-file <path>', 'file with ACCOUNT:PASSWORD, instead of the one in the folder'],
  [
    '--repo-password-file <path>',
    "file with the repository's password, where it is not the token's [$CLOUD_SYNC_REPO_PASSWORD]",
  ],
  ['--instance-label <text>', 'how to call the instance in messages [$INST_NAME, $INST_ID]'],
  ['--no-key-cache', 'do not keep the opened key in the folder'],
  ['--json', 'print one JSON object a line'],
  ['--quiet', 'print only what needs attention'],
  ['-g, --no-gui', 'ask nothing in windows (there are none; accepted for launchers)'],
]

/** What pull and push take beside that. */
export const launcherFlagTexts: readonly FlagText[] = [
  [
    '--on-conflict <answer>',
    'settle a conflict: stop, keep-here, keep-there, keep-both or merge (default: ask, or stop)',
  ],
  ['--dry-run', 'say what would be done, and do nothing'],
  ['--require-online', 'fail with exit code 21 when the server cannot be reached'],
  ['--allow-empty', 'accept a state that looks emptied by accident'],
]
