import { describe, expect, it } from 'vitest'
import { parseLocation } from './location.ts'

describe('parseLocation', () => {
  it.each([
    ['/srv/repo', '/srv/repo'],
    ['repo', 'repo'],
    ['./with:colon', './with:colon'],
    ['../up:one', '../up:one'],
    ['/with:colon', '/with:colon'],
    ['local:with:colon', 'with:colon'],
    ['C:\\repo', 'C:\\repo'],
    ['D:/repo', 'D:/repo'],
  ])('takes %j as a folder', (text, path) => {
    expect(parseLocation(text)).toEqual({ store: 'local', path })
  })

  it('keeps a REST location whole', () => {
    const text = 'rest:https://user:pass@host:8000/a/'
    expect(parseLocation(text)).toEqual({ store: 'rest', text })
  })

  it('tells which stores it does not have', () => {
    expect(() => parseLocation('s3:host/bucket')).toThrow('type s3 are not supported')
  })

  it('refuses what could be a store, without repeating it', () => {
    expect(() => parseLocation('htp:user:secret@host')).toThrow(
      /^invalid backend\nIf the repository is in a local directory, you need to add a `local:` prefix$/,
    )
  })
})
