/**
 * What do packs cost on their way from a server into memory? Prints wall time and processor time of
 * this process for 1 GiB, over node:http and over sockets of our own, in turns.
 *
 *     node bench/downloads.ts
 */
import { randomFillSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { restBackend } from '../packages/rest-backend/src/index.ts'
import type { Backend, FileHandle } from '../packages/restic-core/src/backend/index.ts'
import { sampleFile } from '../packages/restic-core/src/testing/sample-files.ts'
import { startRestServer } from '../tools/servers.ts'

const rounds = 3
const packs = 64
const packLength = 16 * 2 ** 20
const lanes = 5

async function store(backend: Backend): Promise<FileHandle[]> {
  await backend.create()
  const files: FileHandle[] = []
  for (let at = 0; at < packs; at++) {
    const { file, body } = sampleFile('pack', [randomFillSync(new Uint8Array(packLength))])
    await backend.write(file, body)
    files.push(file)
  }
  return files
}

async function readAll(backend: Backend, files: readonly FileHandle[]): Promise<void> {
  const left = [...files]
  const lane = async (): Promise<void> => {
    const into = new Uint8Array(new SharedArrayBuffer(packLength))
    for (let file = left.pop(); file; file = left.pop()) await backend.read(file, { into })
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

async function measure(name: string, backend: Backend, files: FileHandle[]): Promise<void> {
  const started = performance.now()
  const before = process.cpuUsage()
  await readAll(backend, files)
  const { user, system } = process.cpuUsage(before)
  const columns = [performance.now() - started, (user + system) / 1000]
  const text = columns.map((ms) => `${ms.toFixed(0).padStart(6)} ms`)
  console.log(`${name.padEnd(10)}wall${text[0]}   CPU${text[1]}`)
}

const folder = await mkdtemp(join(tmpdir(), 'bench-downloads-'))
const server = await startRestServer({ dataDir: folder })
try {
  const url = `${server.url}repository/`
  const agent = new Agent({ keepAlive: true })
  const ways = { 'node:http': restBackend({ url, agent }), direct: restBackend({ url }) }
  const files = await store(ways.direct)
  for (let round = 0; round < rounds; round++) {
    for (const [name, backend] of Object.entries(ways)) await measure(name, backend, files)
  }
  for (const backend of Object.values(ways)) await backend[Symbol.asyncDispose]()
  agent.destroy()
} finally {
  await server.stop()
  await rm(folder, { recursive: true })
}
