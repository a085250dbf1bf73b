import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** @throws Error that names the first file that is not the same, missing or too many */
export async function expectSameTree(expected: string, found: string): Promise<void> {
  const paths = await filesBelow(expected)
  const others = await filesBelow(found)
  const odd =
    [...paths].find((path) => !others.has(path)) ?? [...others].find((path) => !paths.has(path))
  if (odd !== undefined) throw new Error(`${odd} is on one side only: ${expected}, ${found}`)
  for (const path of paths) {
    await using a = await open(join(expected, path))
    await using b = await open(join(found, path))
    if (!(await sameContent(a, b))) throw new Error(`${path} differs: ${expected}, ${found}`)
  }
}

async function filesBelow(folder: string): Promise<Set<string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return new Set(files.map((entry) => relative(folder, join(entry.parentPath, entry.name))))
}

const pieceLength = 2 ** 20
const pieces = [Buffer.alloc(pieceLength), Buffer.alloc(pieceLength)] as const

async function sameContent(a: FileHandle, b: FileHandle): Promise<boolean> {
  for (;;) {
    const { bytesRead } = await a.read(pieces[0])
    const other = await b.read(pieces[1])
    if (bytesRead !== other.bytesRead) return false
    if (bytesRead === 0) return true
    if (!pieces[0].subarray(0, bytesRead).equals(pieces[1].subarray(0, bytesRead))) return false
  }
}
