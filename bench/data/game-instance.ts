import { type DataSet, FolderWriter, dataSet } from './data-set.ts'
import { Random } from './random.ts'
import { sizesAround, sizesOf } from './sizes.ts'
import { text } from './text.ts'

const KiB = 1024
const MiB = 1024 * KiB
const sector = 4 * KiB

interface Kind {
  /** of all bytes */
  readonly share: number
  /** of a file, bytes */
  readonly sizeMean: number
  readonly path: (number: number) => string
  readonly content: (random: Random, size: number) => Buffer
}

/** Shares and sizes as in a modded instance that was played for some weeks. */
const kinds: readonly Kind[] = [
  {
    share: 0.6,
    sizeMean: 5 * MiB,
    path: (number) => `saves/World ${number % 3}/region/r.${Math.floor(number / 3)}.0.mca`,
    content: region,
  },
  {
    share: 0.22,
    sizeMean: 2 * MiB,
    path: (number) => `mods/mod-${number}.jar`,
    content: archive,
  },
  {
    share: 0.08,
    sizeMean: 1 * MiB,
    path: (number) => `screenshots/picture-${number}.png`,
    content: picture,
  },
  {
    share: 0.06,
    sizeMean: 1 * MiB,
    path: (number) => `logs/session-${number}.log`,
    content: (random, size) => text(random, size, 'log'),
  },
]

/**
 * A Minecraft instance: worlds, mods, screenshots, logs, and as many small text files as are missing
 * from `files`. Deflate's output and pictures are keystream: zstd finds as little in them.
 */
export function gameInstance({
  bytes,
  files,
}: {
  readonly bytes: number
  readonly files: number
}): DataSet {
  return dataSet(`game-instance-${bytes}-${files}`, (folder) => {
    const writer = new FolderWriter(folder)
    let filesLeft = files
    let bytesLeft = bytes
    for (const { share, sizeMean, path, content } of kinds) {
      const sizes = sizesAround(new Random(path(0)), bytes * share, sizeMean)
      for (const [number, size] of sizes.entries()) {
        writer.write(path(number), content(new Random(path(number)), size))
        bytesLeft -= size
      }
      filesLeft -= sizes.length
    }
    writeConfigs(writer, { bytes: bytesLeft, files: filesLeft })
  })
}

function writeConfigs(
  writer: FolderWriter,
  { bytes, files }: { readonly bytes: number; readonly files: number },
): void {
  if (files <= 0) throw new RangeError('more files are needed for that many bytes')
  for (const [number, size] of sizesOf(new Random('configs'), bytes, files).entries()) {
    const path = `config/mod-${number % 150}/part-${number}.json`
    writer.write(path, text(new Random(path), size, 'config'))
  }
}

/**
 * Two sectors of tables, then one chunk of the world after the other, each at the start of a sector:
 * length, compression 2 (zlib), zlib's header, compressed data, and zeros up to the next sector.
 */
function region(random: Random, size: number): Buffer {
  const content = Buffer.alloc(Math.max(3, Math.ceil(size / sector)) * sector)
  let at = 2 * sector
  for (let chunk = 0; at < content.length; chunk++) {
    const length = Math.min(random.between(2 * KiB, 14 * KiB), content.length - at - 5)
    const sectors = Math.ceil((length + 5) / sector)
    if (chunk < 1024) content.writeUInt32BE(((at / sector) << 8) | sectors, chunk * 4)
    content.writeUInt32BE(length + 1, at)
    content.set([2, 0x78, 0x9c], at + 4)
    content.set(random.bytes(length - 2), at + 7)
    at += sectors * sector
  }
  return content
}

/** A ZIP's local headers and deflated entries, without the central directory. */
function archive(random: Random, size: number): Buffer {
  const content = random.bytes(size)
  for (let at = 0, entry = 0; at + 80 < size; at += random.between(1 * KiB, 24 * KiB), entry++) {
    content.write(
      `PK\x03\x04\x14\x00\x08\x08\x08\x00com/example/mod/Class${entry}.class`,
      at,
      'latin1',
    )
  }
  return content
}

function picture(random: Random, size: number): Buffer {
  const content = random.bytes(size)
  content.write('\x89PNG\r\n\x1a\n'.slice(0, size), 0, 'latin1')
  return content
}
