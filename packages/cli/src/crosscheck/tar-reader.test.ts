import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TarEntry, readTar } from './tar-reader.ts'

const run = promisify(execFile)
const longName = `${'n'.repeat(120)}/${'m'.repeat(130)}`
const contents: Readonly<Record<string, string>> = {
  'folder/empty': '',
  'folder/one block': 'x'.repeat(512),
  [`folder/${longName}`]: 'long name',
  'folder/ünïcode': 'y'.repeat(70_000),
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tar-'))
  await mkdir(join(folder, 'folder', 'n'.repeat(120)), { recursive: true })
  for (const [path, text] of Object.entries(contents)) await writeFile(join(folder, path), text)
  await symlink('t'.repeat(150), join(folder, 'folder/link'))
})
afterAll(() => rm(folder, { recursive: true }))

async function archive(format: string): Promise<Buffer> {
  const args = ['-C', folder, `--format=${format}`, '--sort=name', '-cf', '-', 'folder']
  const { stdout } = await run('tar', args, { encoding: 'buffer' })
  return stdout
}

async function read(bytes: Uint8Array, chunkLength: number): Promise<TarEntry[]> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunkLength)
      yield bytes.subarray(at, at + chunkLength)
  }
  const entries: TarEntry[] = []
  for await (const entry of readTar(chunks())) entries.push(entry)
  return entries
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

describe.each(['gnu', 'pax'])('an archive of GNU tar in the format %s', (format) => {
  it.each([1, 100, 65_536])('is read in chunks of %d bytes', async (chunkLength) => {
    const entries = await read(await archive(format), chunkLength)
    const files = entries.filter(({ type }) => type === 'file')
    expect(Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256]))).toEqual(
      Object.fromEntries(Object.entries(contents).map(([path, text]) => [path, sha256Of(text)])),
    )
    expect(entries.find(({ type }) => type === 'symlink')).toMatchObject({
      path: 'folder/link',
      linkTarget: 't'.repeat(150),
      size: 0,
    })
    expect(entries[0]).toMatchObject({ path: 'folder', type: 'dir' })
  })

  it('is refused when it is cut short or damaged', async () => {
    const bytes = await archive(format)
    await expect(read(bytes.subarray(0, 1000), 100)).rejects.toThrow('cut short')
    const damaged = Buffer.from(bytes)
    damaged[3] = (damaged[3] ?? 0) ^ 1
    await expect(read(damaged, 512)).rejects.toThrow('wrong checksum')
  })
})
