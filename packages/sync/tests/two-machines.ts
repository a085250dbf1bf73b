import { join } from 'node:path'
import { init, push } from '../src/index.ts'
import { type Files, type Machine, MemoryCloud, makeMachine, token, writeFiles } from './machine.ts'
import { on } from './scene.ts'

export interface TwoMachines {
  readonly a: Machine
  readonly b: Machine
  readonly cloud: MemoryCloud
}

/** The first has pushed the files; the second has joined and has them too. */
export async function twoMachines(root: string, files: Files): Promise<TwoMachines> {
  const cloud = new MemoryCloud()
  const a = makeMachine('a', join(root, 'a'), cloud)
  const b = makeMachine('b', join(root, 'b'), cloud)
  const given = { url: '/cloud', token }
  const report = await init({ ...on(a), ...given })
  if (report.outcome !== 'enabled') throw new Error('a new instance cannot conflict')
  writeFiles(a.folder, files)
  await push(on(a))
  await init({ ...on(b), ...given, instanceId: report.instanceId })
  return { a, b, cloud }
}
