import { nodeKernel } from '../../restic-core/src/node/kernel.ts'
import { randomFillSync } from 'node:crypto'
import { sealBlob } from '../../restic-core/src/work/jobs/blob-sealer.ts'
const k = await nodeKernel()
const N = 8 << 20
const buf = k.scratch(N)
for (let i = 0; i < N; i += 65536) randomFillSync(buf, i, 65536)
const own = buf.slice()
const bench = (name: string, f: () => unknown, bytes = N, rounds = 15) => {
  for (let i = 0; i < 3; i++) f()
  let best = 1e9
  for (let i = 0; i < rounds; i++) {
    const t = performance.now()
    f()
    best = Math.min(best, performance.now() - t)
  }
  console.log(name.padEnd(30), Math.round(bytes / best / 1000), 'MB/s')
}
const key32 = new Uint8Array(32).fill(7),
  iv = new Uint8Array(16).fill(1)
const ch = k.chunker(0x3da3358b4dc173n)
const cutAll = (b: Uint8Array) => {
  let at = 0
  while (at < N) {
    at += ch.cut(b, at, N) || N - at
  }
}
bench('sha256 scratch', () => k.sha256(buf))
bench('sha256 own', () => k.sha256(own))
bench('aesCtr own', () => k.aesCtr(key32, iv, own))
bench('aesCtr scratch', () => k.aesCtr(key32, iv, buf))
bench('poly own', () => k.poly1305(key32, own))
bench('poly scratch', () => k.poly1305(key32, buf))
bench('cut scratch', () => cutAll(buf))
bench('cut own', () => cutAll(own))
const mib = own.subarray(0, 1 << 20)
const z = k.compress(mib, 3)
bench('compress random 1M', () => k.compress(mib, 3), 1 << 20)
bench('decompress random 1M', () => k.decompress(z, 1 << 20), 1 << 20)
const text = new TextEncoder()
  .encode(Array.from({ length: 200000 }, (_, i) => ((i * 7919) % 3001).toString(16)).join(' '))
  .slice(0, 1 << 20)
const zt = k.compress(text, 3)
bench('compress text 1M', () => k.compress(text, 3), 1 << 20)
bench('decompress text 1M', () => k.decompress(zt, 1 << 20), 1 << 20)
const key = { encrypt: key32, macK: key32.slice(0, 16), macR: key32.slice(0, 16) }
const id = k.sha256(mib)
bench('sealBlob verify', () => sealBlob(k, { key, iv, level: 3, verify: true }, id, mib), 1 << 20)
bench(
  'sealBlob noverify',
  () => sealBlob(k, { key, iv, level: 3, verify: false }, id, mib),
  1 << 20,
)
console.log('--- faults per MiB')
const faults = (name: string, f: () => unknown) => {
  for (let i = 0; i < 20; i++) f()
  const a = process.resourceUsage()
  const t = performance.now()
  for (let i = 0; i < 200; i++) f()
  const ms = (performance.now() - t) / 200
  const b = process.resourceUsage()
  console.log(
    name.padEnd(25),
    ms.toFixed(3),
    'ms',
    ((b.minorPageFault - a.minorPageFault) / 200).toFixed(0),
    'faults',
    ((b.systemCPUTime - a.systemCPUTime) / 200 / 1000).toFixed(3),
    'ms sys',
  )
}
faults('sha', () => k.sha256(mib))
faults('aes', () => k.aesCtr(key32, iv, mib))
faults('poly', () => k.poly1305(key32, mib))
faults('compress', () => k.compress(mib, 3))
faults('decompress', () => k.decompress(z, 1 << 20))
faults('alloc zero', () => new Uint8Array(1 << 20))
faults('allocUnsafe', () => Buffer.allocUnsafeSlow(1 << 20))
faults('seal verify', () => sealBlob(k, { key, iv, level: 3, verify: true }, id, mib))
