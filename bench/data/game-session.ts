import { closeSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from './random.ts'
import { text } from './text.ts'

const worlds = 'saves'
const regionsChanged = 10
const chunksChanged = 20
const sector = 4096
const logLength = 60_000

/** Changes an instance as an hour of playing does: some chunks of some regions, and the log. */
export function playSession(folder: string, number: number): void {
  const random = new Random(`session ${number}`)
  const names = readdirSync(join(folder, worlds), { recursive: true, encoding: 'utf8' })
  const regions = names.filter((name) => name.endsWith('.mca')).toSorted()
  for (let count = 0; count < regionsChanged; count++) {
    const region = regions[random.between(0, regions.length)] as string
    rewriteChunks(join(folder, worlds, region), random)
  }
  writeFileSync(join(folder, 'logs/latest.log'), text(random, logLength, 'log'))
}

function rewriteChunks(path: string, random: Random): void {
  const sectors = Math.floor(statSync(path).size / sector)
  const file = openSync(path, 'r+')
  for (let count = 0; count < chunksChanged; count++) {
    const length = Math.min(random.between(1, 4), sectors) * sector
    const at = random.between(0, sectors) * sector
    writeSync(file, random.bytes(length), 0, length, at)
  }
  closeSync(file)
}
