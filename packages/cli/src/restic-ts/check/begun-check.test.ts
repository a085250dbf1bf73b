import { type CheckEvent, EarlyWork, type Finding } from 'restic-core'
import { memoryBackend } from 'restic-core/backend'
import { countingBackend, testRepository } from 'restic-core/testing'
import { describe, expect, it } from 'vitest'
import { BegunCheck } from './begun-check.ts'

async function early() {
  const store = memoryBackend()
  const backend = countingBackend(store)
  const repository = await testRepository({ backend })
  await repository
    .loadIndex()
    .then((indexed) => indexed.writing((blobs) => blobs.saveBlob('data', new Uint8Array(1000))))
  const events: CheckEvent[] = []
  const onEvent = (event: CheckEvent): void => void events.push(event)
  const work = new EarlyWork((view) => new BegunCheck(view.repository, { readData: true, onEvent }))
  const view = { repository, indexed: () => repository.loadIndex() }
  const before = backend.requests('list', 'pack')
  return {
    events,
    begin: (attempt: AbortSignal) => work.begin(view, attempt),
    findings: (signal: AbortSignal) => work.take(view).findings(signal),
    begins: () => backend.requests('list', 'pack') - before,
    /** Reads as far as it goes by itself. */
    settle: async () => {
      while (backend.requests('read', 'pack') === 0) await new Promise((go) => setTimeout(go, 1))
    },
    losePacks: async () => {
      for await (const { name } of store.list('pack')) {
        await store.remove({ type: 'pack', name })
      }
    },
  }
}

async function kindsOf(findings: AsyncIterable<Finding>): Promise<string[]> {
  const kinds: string[] = []
  for await (const { kind } of findings) kinds.push(kind)
  return kinds
}

/** A stage is told when it begins and for each file that is done. */
function stagesOf(events: readonly CheckEvent[]): string[] {
  return events.map(({ stage }) => stage)
}

describe('a check that begins early', () => {
  const never = new AbortController().signal

  it('reads before the lock is held, and tells only then', async () => {
    const { begin, findings, events, begins, settle } = await early()
    begin(never)
    await settle()
    expect(events).toEqual([])
    expect(await kindsOf(findings(never))).toEqual([])
    expect(begins()).toBe(1)
    expect(stagesOf(events)).toEqual(['index', 'index', 'packs', 'packs', 'trees', 'data', 'data'])
  })

  it('begins anew when the attempt it was for was refused', async () => {
    const { begin, findings, events, begins, settle, losePacks } = await early()
    const attempt = new AbortController()
    begin(attempt.signal)
    await settle()
    attempt.abort(new Error('locked'))
    await losePacks()
    // The next attempt was slow, so nothing was begun for it.
    expect(await kindsOf(findings(never))).toEqual(['pack-lost'])
    expect(begins()).toBe(2)
    expect(stagesOf(events)).toEqual(['index', 'index', 'packs', 'trees', 'data'])
  })

  it('goes on with the attempt that was not refused', async () => {
    const { begin, findings, begins, settle, losePacks } = await early()
    const refused = new AbortController()
    begin(refused.signal)
    await settle()
    refused.abort(new Error('locked'))
    await losePacks()
    begin(never)
    expect(await kindsOf(findings(never))).toEqual(['pack-lost'])
    expect(begins()).toBe(2)
  })

  it('begins when it is asked, if it was not before', async () => {
    const { findings, begins } = await early()
    expect(await kindsOf(findings(never))).toEqual([])
    expect(begins()).toBe(1)
  })

  it('ends when the lock is lost', async () => {
    const { begin, findings } = await early()
    begin(never)
    const lost = new Error('the lock is lost')
    await expect(kindsOf(findings(AbortSignal.abort(lost)))).rejects.toBe(lost)
  })
})
