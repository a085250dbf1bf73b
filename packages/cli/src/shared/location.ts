import { Failure } from './failure.ts'

/** Where a repository is, as the text of `--repo` tells. */
export type RepositoryLocation =
  | { readonly store: 'local'; readonly path: string }
  /** @property text with its `rest:` and, possibly, credentials: not for printing */
  | { readonly store: 'rest'; readonly text: string }

const knownSchemes = ['local', 'sftp', 's3', 'b2', 'gs', 'azure', 'swift', 'rest', 'rclone']
const looksLikePath = /^(?:[A-Za-z]:[\\/]|\/|\\|\.\.?[\\/])/

/**
 * Reads a location like restic: the text before the first `:` names the store, and a text without
 * a known name is a local path.
 *
 * @throws Failure when the store is not one of ours, or the text could be meant as one
 */
export function parseLocation(text: string): RepositoryLocation {
  const colon = text.indexOf(':')
  const scheme = text.slice(0, Math.max(colon, 0))
  if (scheme === 'local') return { store: 'local', path: text.slice(colon + 1) }
  if (scheme === 'rest') return { store: 'rest', text }
  if (knownSchemes.includes(scheme)) {
    throw new Failure(`stores of type ${scheme} are not supported; use a local path or rest:URL`)
  }
  if (colon >= 0 && !looksLikePath.test(text)) {
    throw new Failure(
      'invalid backend\n' +
        'If the repository is in a local directory, you need to add a `local:` prefix',
    )
  }
  return { store: 'local', path: text }
}
