import { describe, expect, it } from 'vitest'
import { instanceLocation, refuseSecret, shownUrl } from './location.ts'

describe('an address', () => {
  it.each([
    ['https://cloud.example/', 'https://cloud.example/'],
    ['https://alice:secret@cloud.example:8000/a@b', 'https://cloud.example:8000/a@b'],
    ['rest:http://alice:s@cr@t@cloud.example/', 'rest:http://cloud.example/'],
    ['/srv/alice@home', '/srv/alice@home'],
  ])('is shown without its account, and refused with one: %s', (url, shown) => {
    expect(shownUrl(url)).toBe(shown)
    if (shown === url) refuseSecret(url)
    else expect(() => refuseSecret(url)).toThrow('holds an account')
  })

  it.each(['http://', 'https:', 'rest:https:///'])(
    'that names no server is refused, and the account is not taken for one: %s',
    (url) => {
      const token = { account: 'alice', password: 'secret' }
      expect(() => instanceLocation(url, '01', token)).toThrow('names no server')
    },
  )
})
