import { Random } from './random.ts'

const syllables =
  'ba ce do fi gu ha je ki lo mu ne pi qua ro su ta ve wi xo yu zan ter lin mor'.split(' ')
const vocabularySize = 4000

/** Made up, each with a blank behind it. Frequent words come first, and are shorter. */
const vocabulary: readonly Buffer[] = makeVocabulary()

function makeVocabulary(): Buffer[] {
  const random = new Random('vocabulary')
  return Array.from({ length: vocabularySize }, (_, rank) => {
    const parts = 1 + Math.floor(Math.log10(1 + rank)) + random.between(0, 2)
    const word = Array.from({ length: parts }, () => syllables[random.between(0, syllables.length)])
    return Buffer.from(`${word.join('')} `)
  })
}

export type TextStyle = 'log' | 'config'

const wordsPerLine = { log: 12, config: 3 }

/**
 * Lines of words and numbers. A word is the more frequent the lower its rank, as in a language, and
 * zstd makes about a third of it.
 */
export function text(random: Random, length: number, style: TextStyle): Buffer {
  // One line more than asked for, cut off at the end.
  const target = Buffer.alloc(length + 512)
  let at = 0
  while (at < length) {
    at += target.write(lineStart(random, style), at, 'latin1')
    const words = random.between(1, 2 * wordsPerLine[style])
    for (let word = 0; word < words; word++) {
      const fraction = random.fraction()
      const bytes = vocabulary[Math.floor(fraction * fraction * fraction * vocabularySize)]
      if (bytes === undefined) continue
      target.set(bytes, at)
      at += bytes.length
    }
    target[at++] = 0x0a
  }
  return target.subarray(0, length)
}

function lineStart(random: Random, style: TextStyle): string {
  if (style === 'config') return `    "${random.between(0, 100_000)}": `
  const seconds = String(random.between(0, 86_400)).padStart(5, '0')
  const level = random.fraction() < 0.9 ? 'INFO' : 'WARN'
  return `[${seconds}.${random.between(100, 1000)}] [Server thread/${level}]: `
}
