import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Of each file, by path relative to the folder. */
interface FileFacts {
  /** bytes */
  readonly size: number
  /** SHA-256, hex */
  readonly hash: string
}

export type FolderContents = ReadonlyMap<string, FileFacts>

/**
 * Every file of a folder, read in full by nothing but Node: a second opinion on what was synced.
 *
 * @param except names at the top that do not count
 */
export async function folderContents(
  folder: string,
  except: readonly string[] = [],
): Promise<FolderContents> {
  const contents = new Map<string, FileFacts>()
  const walk = async (path: string): Promise<void> => {
    const entries = await readdir(join(folder, path), { withFileTypes: true })
    for (const entry of entries) {
      const at = path === '' ? entry.name : `${path}/${entry.name}`
      if (except.includes(at)) continue
      if (entry.isDirectory()) await walk(at)
      else {
        const bytes = await readFile(join(folder, at))
        const hash = createHash('sha256').update(bytes).digest('hex')
        contents.set(at, { size: bytes.length, hash })
      }
    }
  }
  await walk('')
  return contents
}

/** Paths that are in one of them only, or differ. */
export function differences(a: FolderContents, b: FolderContents): string[] {
  const paths = new Set([...a.keys(), ...b.keys()])
  return [...paths].filter((path) => a.get(path)?.hash !== b.get(path)?.hash)
}

/** bytes */
export function totalSize(contents: FolderContents): number {
  return [...contents.values()].reduce((sum, { size }) => sum + size, 0)
}
