/**
 * How fast is each kernel on one core? Prints MB/s, the best of a few short runs, and the ratio to
 * SHA-256 of Node's kernel, since cores are shared and their speeds move.
 *
 *     node bench/kernels.ts
 */
import { nodeKernel } from '../packages/restic-core/src/node/kernel.ts'
import { portableKernel } from '../packages/restic-core/src/portable/kernel.ts'
import { chunkLengthMin, type Kernel } from '../packages/restic-core/src/kernel/kernel.ts'
import { referenceKernels } from '../packages/restic-core/src/kernel/reference/memory-kernels.ts'
import { noise, pseudoRandom } from '../packages/restic-core/src/testing/sample-files.ts'

const runs = 5
const runMs = 60
const polynomial = 0x3da3358b4dc173n
const length = 1 << 20

const random = noise(8 * length, 1)
const text = sentences(length)

interface Measure {
  readonly name: string
  /** Bytes that one call of `call` works on. */
  readonly length: number
  readonly call: () => unknown
}

function measures(kernel: Kernel): readonly Measure[] {
  const key = random.subarray(0, 32)
  const iv = random.subarray(0, 16)
  const one = random.subarray(0, length)
  const small = random.subarray(0, 4096)
  const scratch = kernel.scratch(random.length)
  scratch.set(random)
  const chunker = kernel.chunker(polynomial)
  const frame = kernel.compress(text, 3)
  const few = text.subarray(0, 10 * 1024)
  const fewInFrame = kernel.compress(few, 2)
  return [
    { name: 'sha256', length, call: () => kernel.sha256(one) },
    { name: 'sha256, 4 KiB', length: small.length, call: () => kernel.sha256(small) },
    { name: 'aesCtr', length, call: () => kernel.aesCtr(key, iv, one) },
    { name: 'aesCtr, 4 KiB', length: small.length, call: () => kernel.aesCtr(key, iv, small) },
    { name: 'poly1305', length, call: () => kernel.poly1305(key, one) },
    { name: 'poly1305, 4 KiB', length: small.length, call: () => kernel.poly1305(key, small) },
    chunkerMeasure('chunker, file in scratch memory', chunker, scratch),
    chunkerMeasure('chunker, file elsewhere', chunker, random),
    hashedMeasure('chunker, bytes it hashes', chunker, scratch),
    { name: 'compress text, level 3', length, call: () => kernel.compress(text, 3) },
    { name: 'compress random, level 3', length, call: () => kernel.compress(one, 3) },
    { name: 'compress text, 10 KiB', length: few.length, call: () => kernel.compress(few, 2) },
    { name: 'decompress text', length, call: () => kernel.decompress(frame, length) },
    {
      name: 'decompress text, 10 KiB',
      length: few.length,
      call: () => kernel.decompress(fewInFrame, few.length),
    },
  ]
}

type Chunker = ReturnType<Kernel['chunker']>

function chunkerMeasure(name: string, chunker: Chunker, data: Uint8Array): Measure {
  const call = (): void => {
    for (let at = 0; at < data.length;) at += chunker.cut(data, at, data.length) || data.length
  }
  return { name, length: data.length, call }
}

/** Without the 512 KiB after each cut that no chunker looks at. */
function hashedMeasure(name: string, chunker: Chunker, data: Uint8Array): Measure {
  let hashed = 0
  for (let at = 0; at < data.length;) {
    const cut = chunker.cut(data, at, data.length) || data.length - at
    hashed += Math.max(0, cut - chunkLengthMin)
    at += cut
  }
  return { ...chunkerMeasure(name, chunker, data), length: hashed }
}

function bestSpeed({ call, length: bytes }: Measure): number {
  let best = 0
  for (let run = 0; run < runs; run++) {
    let calls = 0
    const started = performance.now()
    let tookMs = 0
    while (tookMs < runMs) {
      call()
      calls++
      tookMs = performance.now() - started
    }
    best = Math.max(best, (calls * bytes) / tookMs / 1000)
  }
  return best
}

/** The whole and ROMix only, milliseconds for each of the p blocks. */
function scryptMs(kernel: Kernel): { readonly whole: string; readonly mixed: string } {
  const cost = { N: 32_768, r: 8, p: 6 }
  const started = performance.now()
  kernel.scrypt(text.subarray(0, 8), text.subarray(0, 64), cost, 64)
  const between = performance.now()
  kernel.scryptMix(random.slice(0, 128 * cost.r * cost.p), cost)
  const ended = performance.now()
  const each = (ms: number): string => (ms / cost.p).toFixed(0)
  return { whole: each(between - started), mixed: each(ended - between) }
}

/** Words of a small vocabulary in random order: about a third of its size once compressed. */
function sentences(size: number): Uint8Array {
  const next = pseudoRandom(7)
  const letters = 'etaoinshrdlu'
  const word = (): string =>
    Array.from({ length: 2 + (next() % 8) }, () => letters[next() % letters.length]).join('')
  const words = Array.from({ length: 2000 }, word)
  const written: string[] = []
  for (let at = 0; at < size;) {
    const chosen = words[Math.min(next() % 2000, next() % 2000)] ?? ''
    written.push(chosen)
    at += chosen.length + 1
  }
  return new TextEncoder().encode(written.join(' ')).subarray(0, size)
}

/** Memory that threads share, to places that are not aligned as it is: what `set` and Buffer's `fill` take. */
function copies(): readonly Measure[] {
  const shared = new Uint8Array(new SharedArrayBuffer(length + 1)).subarray(1)
  const target = Buffer.alloc(length)
  return [
    { name: 'shared memory, set', length, call: () => target.set(shared) },
    { name: 'shared memory, fill', length, call: () => target.fill(shared) },
  ]
}

function printSpeed(measure: Measure): void {
  const speed = bestSpeed(measure)
  const columns = [measure.name.padEnd(32), speed.toFixed(0).padStart(6), 'MB/s']
  console.log(`  ${columns.join(' ')} ${(speed / unit).toFixed(2).padStart(6)}`)
}

const portable = await portableKernel()
const kernels = [
  await nodeKernel(),
  portable,
  { ...portable, ...referenceKernels(), name: 'readable' },
] as const
const unit = bestSpeed({ name: 'sha256', length, call: () => kernels[0].sha256(text) })
console.log(`${process.version}, ${process.arch}; 1.00 is ${unit.toFixed(0)} MB/s`)
for (const kernel of kernels) {
  console.log(`\n${kernel.name}`)
  const isReadable = kernel.name === 'readable'
  for (const measure of measures(kernel)) {
    // Of the readable ones only what is not the portable kernel's.
    if (isReadable && !/poly1305|chunker/.test(measure.name)) continue
    printSpeed(measure)
  }
  if (!isReadable) {
    const { whole, mixed } = scryptMs(kernel)
    console.log(`  ${'scrypt N=32768 r=8, each of p'.padEnd(32)} ${whole.padStart(6)} ms`)
    console.log(`  ${'its ROMix, three at a time'.padEnd(32)} ${mixed.padStart(6)} ms`)
  }
}
console.log('\ncopies')
copies().forEach(printSpeed)
