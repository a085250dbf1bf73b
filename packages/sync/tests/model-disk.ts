/** What players and games do to a folder of the model. */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Machine, readFiles } from './machine.ts'

/** Files without empty folders, which say nothing about content. */
export function syncedFiles(folder: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(readFiles(folder)).filter(([name]) => !name.endsWith('/')),
  )
}

export function write({ folder }: Machine, name: string, content: string): void {
  const full = join(folder, name)
  clearWay(folder, name)
  rmSync(full, { recursive: true, force: true })
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, content)
}

/** A file that stands where a folder is wanted is removed, as a person would. */
function clearWay(folder: string, name: string): void {
  const files = readFiles(folder)
  for (let slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
    const above = name.slice(0, slash)
    if (files[above] !== undefined) rmSync(join(folder, above))
  }
}

export function rename({ folder }: Machine, from: string, to: string): void {
  if (`${to}/`.startsWith(`${from}/`) || `${from}/`.startsWith(`${to}/`)) return
  const files = Object.keys(readFiles(folder))
  if (!files.some((name) => name === from || name.startsWith(`${from}/`))) return
  clearWay(folder, to)
  rmSync(join(folder, to), { recursive: true, force: true })
  mkdirSync(dirname(join(folder, to)), { recursive: true })
  renameSync(join(folder, from), join(folder, to))
}

export function copy({ folder }: Machine): void {
  rmSync(copyOf(folder), { recursive: true, force: true })
  cpSync(folder, copyOf(folder), { recursive: true, preserveTimestamps: true })
}

export function setBack({ folder }: Machine): void {
  if (!existsSync(copyOf(folder))) return
  rmSync(folder, { recursive: true, force: true })
  cpSync(copyOf(folder), folder, { recursive: true, preserveTimestamps: true })
}

function copyOf(folder: string): string {
  return `${folder}.copy`
}
