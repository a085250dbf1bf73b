/** setup and a conflict at a terminal: questions, answers, and no secret on the screen. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunningServer } from '../../../tools/servers.ts'
import { converse, hasScript } from './conversation.ts'
import { type Machine, World } from './instance-sync-machine.ts'

const timeout = 120_000

describe.skipIf(!hasScript())('instance-sync at a terminal', { timeout }, () => {
  let world: World
  let server: RunningServer
  beforeAll(async () => {
    world = await World.create()
    server = await world.startServer({ player: 'hidden' })
  }, timeout)
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
  })

  const answering = (
    { folder }: Machine,
    words: readonly string[],
    answers: readonly (readonly [question: string, answer: string])[],
  ) => {
    const command = [world.node, world.program, ...words]
    return converse({ command, answers, home: world.root, cwd: folder })
  }

  it('asks for the address and the token, and writes them once the server took them', async () => {
    const machine = await world.machine()
    await machine.write('options.txt', 'fov:70')
    const wrong = await answering(
      machine,
      ['setup'],
      [
        ['Address of the server: ', `${server.url}\r`],
        ['not shown): ', 'player:not-it\r'],
        ['Enter for a new one): ', '\r'],
      ],
    )
    expect(wrong.code, wrong.shown).toBe(1)
    expect(wrong.shown).toContain('refuses access for the account player')
    // What failed leaves nothing behind.
    await expect(stat(join(machine.folder, '.cloud-sync'))).rejects.toThrow('ENOENT')

    const { code, shown } = await answering(
      machine,
      ['setup'],
      [
        ['Address of the server: ', `${server.url}\r`],
        ['not shown): ', 'player:hidden\r'],
        ['Enter for a new one): ', '\r'],
      ],
    )
    expect(code, shown).toBe(0)
    expect(wrong.shown + shown).not.toMatch(/hidden|not-it/)
    expect(shown).toContain(`--url=${server.url}`)
    expect(await readFile(join(machine.folder, '.cloud-sync/token'), 'utf8')).toBe(
      'player:hidden\n',
    )
    await machine.expect(0, ['push'])
  })

  it('asks which side of a conflict counts', async () => {
    const first = await world.machine()
    const init = ['init', `--url=${server.url}`, '--token=player:hidden']
    await first.write('options.txt', 'start')
    await first.expect(0, init)
    await first.expect(0, ['push'])
    const second = await world.machine()
    await second.expect(0, [...init, `--instance-id=${await first.instanceId()}`])
    await first.write('options.txt', 'first')
    await second.write('options.txt', 'second')
    await first.expect(0, ['push'])
    const { code, shown } = await answering(
      second,
      ['pull'],
      [['What shall count? ', 'keep-there\r']],
    )
    expect(code, shown).toBe(0)
    expect(await second.contents()).toEqual({ 'options.txt': 'first' })
  })
})
