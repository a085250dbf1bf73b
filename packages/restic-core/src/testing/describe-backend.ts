import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Backend, FileHandle } from '../backend/backend.ts'
import { namedFileTypes } from '../backend/layout.ts'
import {
  listed,
  outcome,
  rejection,
  type BackendUnderTest,
  type ExpectedTraits,
} from './backend-under-test.ts'
import { describeCancelling } from './describe-cancelling.ts'
import { describeContent, describeListing } from './describe-content.ts'
import { noise, sampleFile } from './sample-files.ts'

const missing = '00'.repeat(32)

/**
 * What every store has to do, as a suite for vitest. A new store starts by making it pass.
 *
 * @param create called for each test, so it must be cheap and give a new place each time
 */
export function describeBackend(
  name: string,
  create: () => Promise<BackendUnderTest>,
  expected: ExpectedTraits,
): void {
  describe(`${name} as a backend`, () => {
    let subject: BackendUnderTest
    let backend: Backend
    beforeEach(async () => {
      subject = await create()
      backend = subject.backend
    })
    afterEach(async () => {
      await backend[Symbol.asyncDispose]()
      await subject.cleanup()
    })
    const get = (): BackendUnderTest => subject
    describeCreation(get)
    describeContent(get)
    describeListing(get)
    describeAbsence(get, expected)
    describeChanges(get, expected)
    describeCancelling(get)
  })
}

function describeCreation(subject: () => BackendUnderTest): void {
  it('is empty after create, and before', async () => {
    const { backend } = subject()
    for (const type of namedFileTypes) expect(await listed(backend, type)).toEqual([])
    await backend.create()
    for (const type of namedFileTypes) expect(await listed(backend, type)).toEqual([])
    await expect(backend.stat({ type: 'config' })).rejects.toMatchObject(rejection('not-found'))
  })

  it('refuses to create where a config is', async () => {
    const { backend } = subject()
    await backend.create()
    await backend.write({ type: 'config' }, [noise(155, 1)])
    await expect(backend.create()).rejects.toMatchObject(rejection('refused'))
  })

  it('may be disposed of twice', async () => {
    const { backend } = subject()
    await backend.create()
    await backend[Symbol.asyncDispose]()
    await backend[Symbol.asyncDispose]()
    expect(backend.location).not.toBe('')
  })
}

function describeAbsence(subject: () => BackendUnderTest, expected: ExpectedTraits): void {
  it('says that a file is not there', async () => {
    const { backend } = subject()
    await backend.create()
    for (const type of ['config', ...namedFileTypes] as const) {
      const file: FileHandle = type === 'config' ? { type } : { type, name: missing }
      const notFound = rejection('not-found')
      await expect(backend.stat(file)).rejects.toMatchObject(notFound)
      await expect(backend.read(file)).rejects.toMatchObject(notFound)
      for (const length of [0, 10]) {
        const range = { offset: 5, length }
        await expect(backend.read(file, { range })).rejects.toMatchObject(notFound)
      }
    }
  })

  it(`removes a file that is gone: ${expected.absence}`, async () => {
    const { backend } = subject()
    await backend.create()
    const removing = backend.remove({ type: 'lock', name: missing })
    expect(await outcome(removing)).toBe(expected.absence === 'silent' ? 'done' : 'not-found')
  })

  it('takes no name that is not an id', async () => {
    const { backend } = subject()
    await backend.create()
    for (const name of ['', '../config', 'A'.repeat(64), `${missing}0`, missing.slice(1)]) {
      const file: FileHandle = { type: 'key', name }
      await expect(backend.stat(file)).rejects.toThrow(TypeError)
      await expect(backend.read(file)).rejects.toThrow(TypeError)
      await expect(backend.write(file, [])).rejects.toThrow(TypeError)
      await expect(backend.remove(file)).rejects.toThrow(TypeError)
    }
  })
}

function describeChanges(subject: () => BackendUnderTest, expected: ExpectedTraits): void {
  it(`the same upload again: ${expected.repeating}`, async () => {
    const { backend } = subject()
    await backend.create()
    const { file, body, content } = sampleFile('snapshot', [noise(300, 13)])
    await backend.write(file, body)
    const again = await outcome(backend.write(file, body))
    expect(again).toBe(expected.repeating === 'accepted' ? 'done' : 'refused')
    expect(await backend.read(file)).toEqual(content)
    expect(await listed(backend, 'snapshot')).toHaveLength(1)
  })

  it(`other content under a name that is taken: ${expected.rewriting}`, async () => {
    const { backend } = subject()
    await backend.create()
    for (const file of [{ type: 'config' }, sampleFile('pack', [noise(155, 14)]).file] as const) {
      await backend.write(file, [noise(155, 14)])
      const rewriting = await outcome(backend.write(file, [noise(90, 15)]))
      const replaces = expected.rewriting === 'replaces'
      expect(rewriting).toBe(replaces ? 'done' : 'refused')
      expect(await backend.read(file)).toEqual(replaces ? noise(90, 15) : noise(155, 14))
    }
  })

  it(`removes ${expected.removing}`, async () => {
    const { backend } = subject()
    await backend.create()
    for (const type of namedFileTypes) {
      const { file, body } = sampleFile(type, [noise(64, 16)])
      await backend.write(file, body)
      const allowed = expected.removing === 'everything' || type === 'lock'
      expect(await outcome(backend.remove(file))).toBe(allowed ? 'done' : 'denied')
      const info = { name: file.name, size: 64 }
      expect(await outcome(backend.stat(file))).toBe(allowed ? 'not-found' : 'done')
      expect(await listed(backend, type)).toEqual(allowed ? [] : [info])
      if (allowed) await backend.write(file, body)
      expect(await listed(backend, type)).toEqual([info])
    }
  })
}
