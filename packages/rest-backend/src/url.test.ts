import { inspect } from 'node:util'
import fc from 'fast-check'
import { isResticError } from 'restic-core/backend'
import { describe, expect, it } from 'vitest'
import { parseRestLocation } from './url.ts'

describe('parseRestLocation', () => {
  it.each([
    ['rest:http://host', 'http://host', '/', 'rest:http://host/'],
    ['rest:https://host:8000/a/b', 'https://host:8000', '/a/b/', 'rest:https://host:8000/a/b/'],
    ['https://host/a/', 'https://host', '/a/', 'rest:https://host/a/'],
    ['rest:http://[::1]:8000/a', 'http://[::1]:8000', '/a/', 'rest:http://[::1]:8000/a/'],
    ['rest:http://host/my%20repo', 'http://host', '/my%20repo/', 'rest:http://host/my%20repo/'],
    ['rest:http://host/my repo', 'http://host', '/my%20repo/', 'rest:http://host/my%20repo/'],
  ])('reads %s', (text, origin, path, shown) => {
    expect(parseRestLocation(text)).toEqual({
      origin,
      path,
      shown,
      socketPath: undefined,
      credentials: undefined,
    })
  })

  it.each([
    ['rest:http+unix:///run/rest.sock:/a', 'http://localhost', '/run/rest.sock', '/a/'],
    ['rest:http+unix:///run/rest.sock:/', 'http://localhost', '/run/rest.sock', '/'],
    ['rest:http+unix:///run/rest.sock', 'http://localhost', '/run/rest.sock', '/'],
    ['rest:https+unix:///run/my%20rest:/a/', 'https://localhost', '/run/my rest', '/a/'],
  ])('reads the socket of %s', (text, origin, socketPath, path) => {
    expect(parseRestLocation(text)).toMatchObject({ origin, socketPath, path })
  })

  it('takes user name and password out, and shows neither', () => {
    const location = parseRestLocation('rest:https://jo%40home:p%C3%A4ss%3A%25@host/a')
    expect(location.credentials).toEqual({ user: 'jo@home', password: 'päss:%' })
    expect(location.shown).toBe('rest:https://***@host/a/')
    expect(parseRestLocation('rest:http://jo@host/').credentials).toEqual({
      user: 'jo',
      password: '',
    })
    expect(parseRestLocation('rest:http://jo:50%@host/').credentials?.password).toBe('50%')
  })

  it('reads back any user name and password that were encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string(), (user, password) => {
        const text = `https://${encodeURIComponent(user)}:${encodeURIComponent(password)}@host/`
        expect(parseRestLocation(text).credentials).toEqual({ user, password })
      }),
    )
  })

  it.each([
    'rest:host/path',
    'rest:localhost:8000/path',
    'rest:jo:s3cret@host/path',
    'rest:ftp://jo:s3cret@host/path',
    'rest:http://jo:s3cret@host:port/path',
    'rest:http://jo:s3c/ret@/path@x',
    'rest:http://',
    'rest:',
    'rest:https://jo:s3cret@host/path?s3cret',
    'rest:https://host/path#part',
  ])('refuses %s with advice and without its password', (text) => {
    let failure: unknown
    try {
      parseRestLocation(text)
    } catch (error) {
      failure = error
    }
    expect(isResticError(failure, 'BACKEND') && failure).toMatchObject({
      reason: 'refused',
      permanent: true,
      hint: expect.stringContaining('rest:https://'),
    })
    expect(inspect(failure, { showHidden: true })).not.toMatch(/s3c/)
  })
})
