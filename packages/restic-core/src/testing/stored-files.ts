import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** The files of a folder as `memoryBackend` takes them: by path, with forward slashes. */
export function filesOfFolder(folder: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(relative(folder, path).replaceAll(sep, '/'), new Uint8Array(readFileSync(path)))
  }
  return files
}

/** `bytes` with one bit changed. */
export function withFlippedBit(bytes: Uint8Array, at: number = bytes.length >> 1): Uint8Array {
  const damaged = bytes.slice()
  damaged[at] = (damaged[at] as number) ^ 1
  return damaged
}
