import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const regionSize = 1024 * 1024
const screenshotSize = 384 * 1024

/** The same bytes for the same seed on every machine: a generator of Marsaglia's xorshift family. */
function randomBytes(seed: number, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = seed * 0x9e3779b1 || 1
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[at] = state
  }
  return new Uint8Array(words.buffer, 0, length)
}

/** Chunks of a region file: every other 4 KiB sector is empty, as in a world that was hardly explored. */
export function regionFile(seed: number): Uint8Array {
  const bytes = randomBytes(seed, regionSize)
  for (let sector = 1; sector < regionSize / 4096; sector += 2) {
    bytes.fill(0, sector * 4096, (sector + 1) * 4096)
  }
  return bytes
}

/** A small game instance: what is synced, and beside it what the pack and the game make anew. */
function sampleFiles(): ReadonlyMap<string, Uint8Array | string> {
  const files = new Map<string, Uint8Array | string>([
    ['options.txt', 'renderDistance:12\nfov:0.25\nlang:en_us\nguiScale:3\n'],
    ['servers.dat', randomBytes(1, 512)],
    ['logs/latest.log', '[12:00:00] [main/INFO]: Setting user: Player\n'],
  ])
  for (const [index, world] of ['Home', 'Sky Islands'].entries()) {
    const seed = 100 * (index + 1)
    files.set(`saves/${world}/level.dat`, randomBytes(seed, 2_048))
    files.set(`saves/${world}/playerdata/069a79f4-44e9.dat`, randomBytes(seed + 1, 6_000))
    for (const x of [-1, 0]) {
      for (const z of [-1, 0]) {
        files.set(`saves/${world}/region/r.${x}.${z}.mca`, regionFile(seed + 10 + 4 * x + z))
      }
    }
  }
  for (let number = 1; number <= 24; number++) {
    files.set(`config/mod-${number}.toml`, `# mod ${number}\nenabled = true\nlevel = ${number}\n`)
  }
  for (let number = 1; number <= 3; number++) {
    files.set(`screenshots/shot-${number}.png`, randomBytes(500 + number, screenshotSize))
    files.set(`mods/mod-${number}.jar`, randomBytes(600 + number, 256 * 1024))
  }
  return files
}

export async function writeSampleInstance(folder: string): Promise<void> {
  for (const [path, content] of sampleFiles()) await writeInto(folder, path, content)
}

export async function writeInto(
  folder: string,
  path: string,
  content: Uint8Array | string,
): Promise<void> {
  const file = join(folder, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, content)
}
