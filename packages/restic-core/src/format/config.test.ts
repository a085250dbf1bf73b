import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyExtra, anyId, corrupt, expectGraceful } from '../../tests/format-arbitraries.ts'
import type { RepositoryId } from '../base/id.ts'
import { type RepositoryConfig, formatConfig, parseConfig } from './config.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const toJson = (value: unknown): Uint8Array => encode(JSON.stringify(value))

describe('a config', () => {
  const config: RepositoryConfig = {
    version: 2,
    id: 'ab'.repeat(32) as RepositoryId,
    chunkerPolynomial: 0x3da3358b4dc173n,
  }

  it('comes back with what other programs wrote', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1 as const, 2 as const),
        anyId,
        anyExtra,
        (version, id, extra) => {
          const any = { ...config, version, id: id as string as RepositoryId, extra }
          expect(parseConfig(formatConfig(any))).toEqual(any)
        },
      ),
    )
  })

  it.each([0, 3, 99])('of version %d is not supported', (version) => {
    const json = toJson({ version, id: config.id, chunker_polynomial: '3da3358b4dc173' })
    expect(() => parseConfig(json)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED',
        message: `unsupported repository version ${version}`,
      }),
    )
  })

  it.each(['3da3358b4dc172', '3', '', '0x3da3358b4dc173', 'xyz'])(
    'with the polynomial %j is refused',
    (polynomial) => {
      const json = toJson({ version: 2, id: config.id, chunker_polynomial: polynomial })
      expect(() => parseConfig(json)).toThrow(corrupt('value', 'config'))
    },
  )

  it.each(['', 'null', '[]', '{}', '{"version":"2"}', '{"version":2,"id":"12"}'])(
    'that is %j is refused',
    (json) => {
      expect(() => parseConfig(encode(json))).toThrow(corrupt('json', 'config'))
    },
  )

  it('that is damaged fails in no other way', () => {
    expectGraceful(fc.constant(formatConfig(config)), parseConfig)
  })
})
