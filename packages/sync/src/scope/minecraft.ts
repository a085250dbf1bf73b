/**
 * What of a Minecraft instance is the player's, said by what is not: mods keep their data in folders
 * nobody can list (maps, waypoints, schematics, recordings, ...), so everything is taken that is not
 * known to be somebody else's. docs/sync/scope.md tells players the same; keep the two together.
 */

/** Brought by the launcher or the pack's installer, which own it and bring it again. */
const fromTheInstaller = [
  'mods/*.{jar,zip,disabled,litemod}',
  'mods/*/*.jar',
  'mods/.index/',
  'mods/.connector/',
  'coremods/',
  'jarmods/',
  'kubejs/',
  'scripts/',
  'defaultconfigs/',
  'libraries/',
  'versions/',
  'assets/',
  'natives/',
  'runtime/',
  'bin/',
  '/pack.toml',
  '/packwiz*',
  '/modpack.json',
  '/manifest.json',
  '/modlist.html',
  '/minecraftinstance.json',
  '/modrinth.index.json',
]

/** The launcher's own book-keeping, different on every machine, or secret. */
const fromTheLauncher = [
  '/instance.cfg',
  '/mmc-pack.json',
  '/instance.json',
  '/.packignore',
  '/.curseclient',
  '/launcher_*.json',
  '/launcher_log.txt',
  '/clientId.txt',
  '/usercache.json',
  '/usernamecache.json',
  '/realms_persistence.json',
  '/webcache*/',
  'essential/microsoft_accounts.json',
  'config/ias*.json',
  '.ias/',
]

/** Written by a running game and worth nothing afterwards, or made again when missing. */
const leftovers = [
  'session.lock',
  'logs/',
  'crash-reports/',
  'debug/',
  'dumps/',
  'hs_err_pid*.log',
  'replay_pid*.log',
  '*.log',
  '*.log.gz',
  '*.tmp',
  '.cache/',
  '.mixin.out/',
  '.fabric/',
  '.quilt/',
  '.replay_cache/',
  '.bobby/',
  'downloads/',
  'server-resource-packs/',
  'Distant_Horizons_server_data/',
  '.voxy/',
]

/** Of operating systems and file managers. */
const foreign = [
  '.DS_Store',
  'Thumbs.db',
  'desktop.ini',
  '.directory',
  '*.part',
  '.Trash-*/',
  '~$*',
]

/** The pack folder is the game's folder, or the instance's folder that holds it. */
const gameFolders = ['', 'minecraft/', '.minecraft/']

export const minecraftScope: {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly units: readonly string[]
} = {
  include: ['**'],
  exclude: [...fromTheInstaller, ...fromTheLauncher]
    .flatMap(atGameFolders)
    .concat(leftovers, foreign),
  /** A world is more than its files, so it is taken whole from one side. */
  units: ['saves/*'].flatMap(atGameFolders),
}

function atGameFolders(pattern: string): string[] {
  return gameFolders.map((folder) => `/${folder}${pattern.replace(/^\//, '')}`)
}
