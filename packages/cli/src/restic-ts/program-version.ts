/** What snapshots and `version` name this program. */
export const programVersion = '0.1.0'

/** The restic whose files, flags and output this program follows. */
export const resticVersion = '0.18.0'
