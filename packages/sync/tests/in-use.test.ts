/** An instance that a game runs on, as other machines see it. */
import { describe, expect, it } from 'vitest'
import { type Platform, nodePlatform, push, status, useInstance } from '../src/index.ts'
import type { Machine } from './machine.ts'
import { Scene, on } from './scene.ts'

function as({ name, folder }: Machine): { packFolder: string; platform: Platform } {
  return { packFolder: folder, platform: nodePlatform({ hostname: name }) }
}

describe('an instance in use', { timeout: 60_000 }, () => {
  it('is told to others by the name its machine was given, and not to that machine', async () => {
    await using scene = await Scene.create()
    const first = await scene.machine({ 'options.txt': 'fov:70' })
    await push(on(first))
    const second = await scene.machine()
    const seen = await useInstance(as(first), async ({ others, isShown }) => {
      expect({ others, isShown }).toEqual({ others: [], isShown: true })
      return [await status(as(first)), await status(as(second))]
    })
    expect(seen).toMatchObject([{ inUse: [] }, { inUse: [{ hostname: first.name }] }])
    expect(await status(as(second))).toMatchObject({ inUse: [] })
  })
})
