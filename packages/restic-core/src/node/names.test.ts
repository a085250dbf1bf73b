import { describe, expect, it } from 'vitest'
import { systemAccounts } from './names.ts'

describe('the accounts of this machine', () => {
  it.skipIf(process.platform === 'win32')('have root by name and by number', () => {
    const accounts = systemAccounts()
    expect(accounts.userName(0)).toBe('root')
    expect(accounts.uidOf('root')).toBe(0)
    expect(accounts.gidOf(accounts.groupName(0))).toBe(0)
  })

  it('have no name for what nobody has', () => {
    const accounts = systemAccounts()
    expect(accounts.userName(3_999_999_999)).toBe('')
    expect(accounts.groupName(3_999_999_999)).toBe('')
    expect(accounts.uidOf('no such user')).toBeUndefined()
    expect(accounts.gidOf('')).toBeUndefined()
  })
})
