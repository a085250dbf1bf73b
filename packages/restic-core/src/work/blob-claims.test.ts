import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { BlobClaims } from './blob-claims.ts'

function idOf(number: number): Uint8Array {
  const id = new Uint8Array(32).fill(number & 0xff)
  new DataView(id.buffer).setUint32(0, Math.imul(number, 2_654_435_761) >>> 0)
  new DataView(id.buffer).setUint32(28, number)
  return id
}

describe('BlobClaims', () => {
  it('grants each id once', () => {
    const claims = BlobClaims.create(1000)
    for (let number = 0; number < 900; number++) expect(claims.claim(idOf(number))).toBe(true)
    for (let number = 0; number < 900; number++) expect(claims.claim(idOf(number))).toBe(false)
    expect(claims.count).toBe(900)
  })

  it('grants what it has no room to remember', () => {
    const claims = BlobClaims.create(10)
    for (let number = 0; number < 100; number++) claims.claim(idOf(number))
    expect(claims.isCrowded).toBe(true)
    expect(claims.claim(idOf(1000))).toBe(true)
    expect(claims.claim(idOf(1000))).toBe(true)
  })

  it('remembers every id when it has grown', () => {
    const claims = BlobClaims.create(100)
    for (let number = 0; number < 100; number++) claims.claim(idOf(number))
    const grown = claims.grown()
    for (let number = 0; number < 100; number++) expect(grown.claim(idOf(number))).toBe(false)
    expect(grown.claim(idOf(100))).toBe(true)
  })

  it('grants each id to one of several threads', async () => {
    const claims = BlobClaims.create(20_000)
    const source = `
      import { parentPort, workerData } from 'node:worker_threads'
      import { BlobClaims } from ${JSON.stringify(new URL('blob-claims.ts', import.meta.url).href)}
      const claims = BlobClaims.attach(workerData.shared)
      const id = new Uint8Array(32)
      const granted = []
      for (let number = 0; number < 20000; number++) {
        new DataView(id.buffer).setUint32(0, Math.imul(number, 2654435761) >>> 0)
        if (claims.claim(id)) granted.push(number)
      }
      parentPort.postMessage(granted)`
    const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
    const run = (): Promise<number[]> =>
      new Promise((resolve, reject) => {
        const worker = new Worker(url, { workerData: { shared: claims.shared } })
        worker.once('message', resolve)
        worker.once('error', reject)
      })
    const granted = (await Promise.all([run(), run(), run()])).flat()
    expect(granted.length).toBe(20_000)
    expect(new Set(granted).size).toBe(20_000)
  })
})
