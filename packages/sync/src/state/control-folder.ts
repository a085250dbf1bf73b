/** Where the sync layer keeps its own files. Never part of a snapshot. */
export const controlFolder = '.cloud-sync'

const below = (name: string): string => `${controlFolder}/${name}`

export interface ControlPaths {
  /** sync.json: opt-in marker */
  readonly settings: string
  readonly token: string
  /** scope.json */
  readonly scope: string
  /** state.json */
  readonly state: string
  /** held by the one command that works on the folder */
  readonly lock: string
  /** derived things; may be deleted at any time */
  readonly cache: string
  /** what was fetched but is not yet in place */
  readonly staging: string
  /** the changes that are being put in place */
  readonly journal: string
  /** what pulls replaced or removed */
  readonly trash: string
}

export const controlPaths: ControlPaths = {
  settings: below('sync.json'),
  token: below('token'),
  scope: below('scope.json'),
  state: below('state.json'),
  lock: below('lock'),
  cache: below('cache'),
  staging: below('staging'),
  journal: below('staging/journal.json'),
  trash: below('trash'),
}
