import * as z from 'zod'
import { CorruptDataError, UnsupportedError } from '../base/errors.ts'
import type { RepositoryId } from '../base/id.ts'
import { encodeText, formatJsonObject } from './json.ts'
import { jsonId, parseJsonObject } from './json-schema.ts'
import { formatPolynomial, parsePolynomial } from './polynomial.ts'

/** What a repository is, written once when it is made. */
export interface RepositoryConfig {
  readonly version: 1 | 2
  readonly id: RepositoryId
  /** irreducible, of degree 53 */
  readonly chunkerPolynomial: bigint
  /** What other programs wrote beside it; restic drops it when it rewrites a config. */
  readonly extra?: Readonly<Record<string, unknown>>
}

const configJson = z.object({
  version: z.int(),
  id: jsonId,
  chunker_polynomial: z.string(),
})

const what = 'config'

/**
 * @param json the plaintext of the config file, which is sealed but never compressed
 * @throws CorruptDataError check 'json', or 'value' when the polynomial is not irreducible
 * @throws UnsupportedError for a version other than 1 and 2
 */
export function parseConfig(json: Uint8Array): RepositoryConfig {
  const { value, extra } = parseJsonObject(configJson, json, what)
  const { version } = value
  if (version !== 1 && version !== 2) {
    throw new UnsupportedError(`unsupported repository version ${version}`)
  }
  return {
    version,
    id: value.id as RepositoryId,
    chunkerPolynomial: polynomialOf(value.chunker_polynomial),
    extra,
  }
}

export function formatConfig(config: RepositoryConfig): Uint8Array {
  return encodeText(
    formatJsonObject([
      ['version', config.version],
      ['id', config.id],
      ['chunker_polynomial', formatPolynomial(config.chunkerPolynomial)],
      ...Object.entries(config.extra ?? {}),
    ]),
  )
}

function polynomialOf(text: string): bigint {
  try {
    return parsePolynomial(text)
  } catch (cause) {
    throw new CorruptDataError(what, 'value', { cause })
  }
}
