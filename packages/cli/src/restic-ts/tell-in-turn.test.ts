import { describe, expect, it } from 'vitest'
import { tellInTurn } from './tell-in-turn.ts'

async function* numbers(count: number, onAsked: (n: number) => void = () => undefined) {
  for (let n = 0; n < count; n++) {
    onAsked(n)
    yield n
  }
}

describe('what is told in turn', () => {
  it('waits until it may, and then for each that listens', async () => {
    let allow: (() => void) | undefined
    const told: number[] = []
    const listen = async (n: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      told.push(n)
    }
    const mayTell = new Promise<void>((resolve) => (allow = resolve))
    const telling = tellInTurn(numbers(5), mayTell, listen)
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(told).toEqual([])
    allow?.()
    await telling
    expect(told).toEqual([0, 1, 2, 3, 4])
  })

  it('reads no further than it can hold, and not ahead of who listens', async () => {
    let asked = 0
    let allow: (() => void) | undefined
    const mayTell = new Promise<void>((resolve) => (allow = resolve))
    let aheadMax = 0
    let told = 0
    const telling = tellInTurn(
      numbers(40_000, (n) => (asked = n + 1)),
      mayTell,
      () => {
        aheadMax = Math.max(aheadMax, asked - told++)
      },
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(asked).toBe(30_000)
    allow?.()
    await telling
    expect(told).toBe(40_000)
    expect(aheadMax).toBe(30_000)
  })

  it('tells nothing when it may not', async () => {
    const refused = new Error('locked')
    const told: number[] = []
    const tell = (n: number): void => void told.push(n)
    await expect(tellInTurn(numbers(3), Promise.reject(refused), tell)).rejects.toBe(refused)
    expect(told).toEqual([])
  })
})
