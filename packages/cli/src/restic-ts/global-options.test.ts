import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { declareGlobalOptions, givenFlags, globalOptions } from './global-options.ts'

/** The flags as the two levels of the command line give them. */
function given(before: readonly string[], after: readonly string[]): Record<string, unknown> {
  const [program, command] = [before, after].map((words) => {
    const level = new Command()
    declareGlobalOptions(level)
    return level.parse(words, { from: 'user' })
  })
  return givenFlags(program ?? new Command(), command ?? new Command())
}

function parse(words: readonly string[], environment = {}) {
  return globalOptions(given([], words), environment)
}

describe('global options', () => {
  it('come before and after the command, and the later one wins', () => {
    const options = globalOptions(
      given(['-r', 'a', '-v', '-o', 'x.a=1'], ['--repo=b', '--verbose', '-o', 'x.b=2,x.c=3']),
      {},
    )
    expect(options).toMatchObject({ repo: 'b', verbosity: 3 })
    expect([...options.extended]).toEqual([
      ['x.a', '1'],
      ['x.b', '2'],
      ['x.c', '3'],
    ])
  })

  it('fall back to the environment', () => {
    const environment = {
      RESTIC_REPOSITORY: 'env',
      RESTIC_PACK_SIZE: '32',
      RESTIC_CACERT: 'a.pem,b.pem',
      RESTIC_PASSWORD: ' p ',
      RESTIC_PROGRESS_FPS: '600',
    }
    expect(globalOptions(given([], ['--compression', 'max']), environment)).toMatchObject({
      repo: 'env',
      packSize: 32 * 1024 * 1024,
      cacert: ['a.pem', 'b.pem'],
      compression: 'max',
      password: ' p ',
      progressFps: 60,
      lock: true,
      cache: true,
    })
    expect(globalOptions(given(['-r', 'flag'], []), environment).repo).toBe('flag')
  })

  it('limit the rate in KiB per second, 0 without a limit', () => {
    const options = parse(['--limit-upload', '100', '--limit-download=0'])
    expect(options).toMatchObject({ limitUpload: 102_400, limitDownload: undefined })
    expect(() => parse(['--limit-upload', '1.5'])).toThrow('"--limit-upload" flag')
  })

  it('turn things off on either side', () => {
    const options = globalOptions(given(['--no-lock'], ['--no-cache', '--no-extra-verify']), {})
    expect(options).toMatchObject({ lock: false, cache: false, extraVerify: false })
  })

  it('refuse contradictions and what they do not understand', () => {
    expect(() => parse(['-q', '-v'])).toThrow('--quiet and --verbose')
    expect(() => parse(['--retry-lock', 'x'])).toThrow('invalid argument "x" for "--retry-lock"')
    expect(() => parse([], { RESTIC_COMPRESSION: 'x' })).toThrow('"--compression" flag')
    expect(() => parse(['-o', 'a=1', '-o', 'a=2'])).toThrow('present more than once')
  })
})
