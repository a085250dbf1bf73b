import * as zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ZstdContext } from './zstd-context.ts'

const hasZstd = typeof zlib.createZstdCompress === 'function'
const text = Buffer.from('a context, and another context, and a context again')

// Node 20 has none, and the kernel there is WebAssembly's.
describe.runIf(hasZstd)('a zstd context that is kept', () => {
  it('works on this Node, for frame after frame', () => {
    const [encoder, decoder] = [ZstdContext.encoder({}), ZstdContext.decoder({})]
    for (let round = 0; round < 3; round++) {
      const frame = Buffer.alloc(200)
      const length = encoder.run(text, frame)
      expect(frame.subarray(0, length)).toEqual(zlib.zstdCompressSync(text))
      const output = Buffer.alloc(text.length)
      expect(decoder.run(frame.subarray(0, length), output)).toBe(text.length)
      expect(output).toEqual(text)
    }
  })

  it('gives nothing when there is no room, and is as good as new', () => {
    const [encoder, decoder] = [ZstdContext.encoder({}), ZstdContext.decoder({})]
    const frame = zlib.zstdCompressSync(text)
    for (let round = 0; round < 3; round++) {
      for (const room of [10, frame.length]) {
        expect(encoder.run(text, new Uint8Array(room))).toBeUndefined()
      }
      expect(encoder.run(text, new Uint8Array(200))).toBe(frame.length)
      expect(decoder.run(frame.subarray(0, -1), new Uint8Array(200))).not.toBe(text.length)
      expect(decoder.run(Buffer.from('no zstd at all'), new Uint8Array(200))).toBeUndefined()
      expect(decoder.run(frame, new Uint8Array(200))).toBe(text.length)
    }
  })

  it('gives nothing for nothing', () => {
    expect(ZstdContext.encoder({}).run(new Uint8Array(), new Uint8Array(20))).toBeUndefined()
    expect(ZstdContext.encoder({}).run(text, new Uint8Array())).toBeUndefined()
  })

  it.each([{ _handle: null }, { _handle: {} }, { _writeState: undefined }])(
    'gives nothing on a Node whose streams are made otherwise: %j',
    (parts) => {
      const create = (): zlib.ZstdCompress => Object.assign(zlib.createZstdCompress(), parts)
      const encoder = ZstdContext.encoder({}, create)
      expect(encoder.run(text, new Uint8Array(200))).toBeUndefined()
    },
  )
})
