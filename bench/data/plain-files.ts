/** Data sets of one kind of file. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type DataSet, FolderWriter, dataSet } from './data-set.ts'
import { Random } from './random.ts'
import { sizesOf } from './sizes.ts'
import { text } from './text.ts'

/** Text files in folders of a hundred, twenty of those in one above. */
export function smallFiles({
  bytes,
  files,
}: {
  readonly bytes: number
  readonly files: number
}): DataSet {
  return dataSet(`small-files-${bytes}-${files}`, (folder) => {
    const writer = new FolderWriter(folder)
    for (const [number, size] of sizesOf(new Random('small files'), bytes, files).entries()) {
      const path = `part-${Math.floor(number / 2000)}/${Math.floor(number / 100)}/file-${number}.txt`
      writer.write(path, text(new Random(path), size, number % 2 === 0 ? 'config' : 'log'))
    }
  })
}

/** Files of some 100 to 300 bytes, 500 in a folder: what is counted is files, not bytes. */
export function tinyFiles({ files }: { readonly files: number }): DataSet {
  return dataSet(`tiny-files-${files}`, (folder) => {
    const writer = new FolderWriter(folder)
    const random = new Random('tiny files')
    for (let number = 0; number < files; number++) {
      const path = `part-${Math.floor(number / 50_000)}/${Math.floor(number / 500)}/file-${number}.txt`
      const content = `${number} ${random.bytes(random.between(50, 150)).toString('hex')}`
      writer.write(path, Buffer.from(content))
    }
  })
}

const stretch = 2 ** 20

/** One file without holes, whose every second MiB is text and whose others do not compress. */
export function largeFile({ bytes }: { readonly bytes: number }): DataSet {
  return dataSet(`large-file-${bytes}`, (folder) => {
    const random = new Random('large file')
    const file = openSync(join(folder, 'large.bin'), 'wx')
    try {
      for (let at = 0; at < bytes; at += stretch) {
        const length = Math.min(stretch, bytes - at)
        const isText = (at / stretch) % 2 === 1
        writeSync(file, isText ? text(random, length, 'log') : random.bytes(length))
      }
    } finally {
      closeSync(file)
    }
  })
}
