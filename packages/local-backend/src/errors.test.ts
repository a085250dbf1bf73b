import { expect, it } from 'vitest'
import { asBackendError } from './errors.ts'

function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: something, write`), { code, syscall: 'write' })
}

it.each([
  ['ENOENT', 'not-found', true],
  ['ENOSPC', 'full', true],
  ['EDQUOT', 'full', true],
  ['EACCES', 'denied', true],
  ['EPERM', 'denied', true],
  ['EROFS', 'denied', true],
  ['ENOTDIR', 'refused', true],
  ['EIO', 'unavailable', false],
  ['EMFILE', 'unavailable', false],
  ['ESTALE', 'unavailable', false],
] as const)('%s of the system means %s', (code, reason, permanent) => {
  const cause = systemError(code)
  const error = asBackendError(cause, 'pack/0123456789')
  expect(error).toMatchObject({ reason, permanent, cause })
  expect(error.message).toMatch(/^pack\/0123456789: /)
})
