import { readdirSync, readFileSync } from 'node:fs'
import * as zlib from 'node:zlib'
const dir = process.argv[2]!
const files = readdirSync(dir)
  .map((f) => readFileSync(dir + '/' + f))
  .slice(0, 40)
const total = files.reduce((s, f) => s + f.length, 0)
for (const level of [-3, -1, 1, 2, 3, 4]) {
  const t = performance.now()
  let out = 0
  for (const f of files)
    out += zlib.zstdCompressSync(f, {
      chunkSize: f.length + 1000,
      params: { [zlib.constants.ZSTD_c_compressionLevel]: level },
    }).length
  console.log(
    level,
    (total / 1e3 / (performance.now() - t)).toFixed(0),
    'MB/s',
    (out / total).toFixed(3),
  )
}
