import { describe, expect, it } from 'vitest'
import { nodeKernel, scryptBeside } from './kernel.ts'

const bytes = new TextEncoder().encode('a password')
const salt = new Uint8Array(64).fill(3)

describe('scrypt beside the thread', () => {
  it.each([
    { N: 1024, r: 8, p: 3 },
    { N: 65_536, r: 1, p: 1 },
  ])('derives what the kernel derives, with N $N, r $r and p $p', async (cost) => {
    const kernel = await nodeKernel()
    const derived = await scryptBeside(bytes, salt, cost, 64)
    expect(derived).toEqual(kernel.scrypt(bytes, salt, cost, 64))
    expect(Object.getPrototypeOf(derived)).toBe(Uint8Array.prototype)
  })

  it('lets others have their turn', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await scryptBeside(bytes, salt, { N: 32_768, r: 8, p: 1 }, 64)
    clearInterval(timer)
    expect(turns).toBeGreaterThan(0)
  })
})
