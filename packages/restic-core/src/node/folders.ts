import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemCode } from './file-errors.ts'
import { nativePath } from './paths.ts'

/**
 * Makes a folder and those above it that are missing. Waits, since it is for a few folders, once.
 *
 * Node's own recursive mkdir never ends where a folder exists and none can be made in it for
 * `ENOENT`, as in /proc.
 *
 * @param path names in the encoding of format/name.ts
 */
export function makeFolders(path: string, mode: number): void {
  try {
    mkdirSync(nativePath(path), mode)
  } catch (error) {
    if (isFolder(path)) return
    const above = dirname(path)
    if (systemCode(error) !== 'ENOENT' || above === path) throw error
    makeFolders(above, mode)
    makeLast(path, mode)
  }
}

/** The folder above exists now, so what fails here stays so. */
function makeLast(path: string, mode: number): void {
  try {
    mkdirSync(nativePath(path), mode)
  } catch (error) {
    // Somebody else made it at the same time.
    if (!isFolder(path)) throw error
  }
}

function isFolder(path: string): boolean {
  return statSync(nativePath(path), { throwIfNoEntry: false })?.isDirectory() ?? false
}
