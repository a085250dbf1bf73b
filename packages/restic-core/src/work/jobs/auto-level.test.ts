import { describe, expect, it } from 'vitest'
import { KiB } from '../../base/bytes.ts'
import { nodeKernel } from '../../node/kernel.ts'
import { noise } from '../../testing/sample-files.ts'
import { autoLevel } from './auto-level.ts'

const length = 600 * KiB

/** As a region file: what was compressed before, in sectors that end in zeros. */
function sectors(): Uint8Array {
  const bytes = noise(length, 1)
  for (let at = 0; at < length; at += 4096) bytes.fill(0, at + 3200, at + 4096)
  return bytes
}

const sentence = 'the quick brown fox jumps over the lazy dog and '

function text(): Uint8Array {
  const words = noise(length, 2)
  return Uint8Array.from(words, (byte, at) => sentence.charCodeAt((at + (byte >> 5)) % 48))
}

describe('autoLevel', () => {
  it('is quick where a thorough search finds no more', async () => {
    const kernel = await nodeKernel()
    for (const bytes of [noise(length, 3), sectors(), new Uint8Array(length)]) {
      const level = autoLevel(kernel, bytes)
      expect(level).toBeLessThan(0)
      const thorough = kernel.compress(bytes, 3).length
      expect(kernel.compress(bytes, level).length).toBeLessThan(thorough + length / 100)
    }
  })

  it('is thorough with text, and less so with what is short', async () => {
    const kernel = await nodeKernel()
    expect(autoLevel(kernel, text())).toBe(3)
    expect(autoLevel(kernel, noise(100, 4))).toBe(2)
  })
})
