import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { type RunningServer, runRestic, startRestServer } from '../../../tools/servers.ts'
import { peers } from '../../../tools/peers.ts'
import { init, isSyncError, pull, push, restore, status, undo } from '../src/index.ts'
import { Fate } from './faults.ts'
import { HistoryOracle } from './history-oracle.ts'
import { type Machine, makeMachine, temporaryFolder, token } from './machine.ts'
import { copy, rename, setBack, syncedFiles, write } from './model-disk.ts'
import { type Sequence, type Step, sequence } from './model-steps.ts'
import { type Told, outcomeOf, resultOf, summaryOf } from './told.ts'

/*
 * Machines that share an instance do anything in any order, and four things hold all the time:
 *
 * - Whatever is on a disk when a command begins is on that disk or in the history when it ends,
 *   also when the machine dies on the way.
 * - Nothing ever goes from the history.
 * - Repeating a command changes nothing; a conflict that nobody settles changes nothing.
 * - A dry run tells what the command then does, and does nothing.
 *
 * And at the end, once the network is up, pulls and pushes make all machines equal.
 */

export interface ModelOptions {
  readonly runs: number
  /** Of the failure to see again; a new one, which is printed, unless given. */
  readonly seed?: number | undefined
  /** fast-check's path to a shrunk failure */
  readonly path?: string | undefined
  /** Every so many sequences the real restic checks the repository. */
  readonly checkEvery: number
  readonly onRun?: (count: number) => void
  /** Told of each failure at once; shrinking it takes a while. */
  readonly onFailure?: (error: unknown, played: Sequence) => void
}

/** Plays random sequences against a real server; rejects with the smallest one that breaks a rule. */
export async function checkModel(wish: ModelOptions): Promise<void> {
  using data = temporaryFolder()
  await using server = await startRestServer({
    dataDir: data.path,
    htpasswd: { [token.account]: token.password },
    privateRepos: true,
    appendOnly: true,
  })
  let count = 0
  const property = fc.asyncProperty(sequence, async (played) => {
    try {
      await play(server, data.path, played, ++count % wish.checkEvery === 0)
    } catch (error) {
      wish.onFailure?.(error, played)
      throw error
    }
    wish.onRun?.(count)
  })
  await fc.assert(property, {
    numRuns: wish.runs,
    ...(wish.seed !== undefined && { seed: wish.seed }),
    ...(wish.path !== undefined && { path: wish.path }),
    endOnFailure: false,
  })
}

async function play(
  server: RunningServer,
  dataDir: string,
  { machines: count, steps }: Sequence,
  isChecked: boolean,
): Promise<void> {
  using folder = temporaryFolder()
  const machines = Array.from({ length: count }, (_, number) =>
    makeMachine(`machine-${number}`, join(folder.path, `m${number}`)),
  )
  const instanceId = await optIn(machines, server.url)
  const repository = join(dataDir, token.account, instanceId)
  await using oracle = new HistoryOracle(repository)
  const world = new World(machines, oracle)
  for (const [number, one] of steps.entries()) {
    try {
      await world.step(one)
    } catch (error) {
      throw new Error(`step ${number + 1}, ${JSON.stringify(one)}: ${String(error)}`, {
        cause: error,
      })
    }
  }
  await world.converge()
  if (isChecked && oracle.snapshotCount > 0) await expectClean(repository)
  rmSync(repository, { recursive: true, force: true })
}

async function optIn(machines: readonly Machine[], url: string): Promise<string> {
  const [first, ...others] = machines
  if (first === undefined) throw new Error('there are no machines')
  const given = { url, token, packFolder: first.folder, platform: first.platform() }
  const report = await init(given)
  if (report.outcome !== 'enabled') throw new Error('a new instance cannot conflict')
  const { instanceId } = report
  for (const { folder } of others) {
    mkdirSync(join(folder, '.cloud-sync'), { recursive: true })
    const settings = { schema: 1, url, instance_id: instanceId }
    writeFileSync(join(folder, '.cloud-sync/sync.json'), JSON.stringify(settings))
    writeFileSync(join(folder, '.cloud-sync/token'), `${token.account}:${token.password}\n`)
  }
  return instanceId
}

async function expectClean(repository: string): Promise<void> {
  const { restic018 } = await peers()
  const { password } = token
  const args = ['check', '--read-data', '--no-lock', '--no-cache']
  const { code, stdout, stderr } = await runRestic(restic018, args, { repo: repository, password })
  if (code !== 0) throw new Error(`restic check: ${stdout}${stderr}`)
  // However many pushed first at once, and whoever of them died.
  const keys = readdirSync(join(repository, 'keys'))
  if (keys.length !== 1) throw new Error(`there are ${keys.length} keys`)
}

class World {
  readonly #machines: readonly Machine[]
  readonly #oracle: HistoryOracle
  /** machines that died; the next command ends what they were at, and so may change files */
  readonly #interrupted = new Set<Machine>()
  #written = 0

  constructor(machines: readonly Machine[], oracle: HistoryOracle) {
    this.#machines = machines
    this.#oracle = oracle
  }

  async step(one: Step): Promise<void> {
    const at = this.#machine(one.machine)
    switch (one.kind) {
      case 'write':
        return write(at, one.path, `content ${++this.#written} of ${at.name}`)
      case 'delete':
        return rmSync(join(at.folder, one.path), { recursive: true, force: true })
      case 'rename':
        return rename(at, one.path, one.to)
      case 'network':
        at.network.isUp = one.isUp
        return
      case 'clock':
        at.clockOffNs = BigInt(one.years) * 31_557_600_000_000_000n
        return
      case 'lose':
        return rmSync(join(at.folder, '.cloud-sync', one.what), { recursive: true, force: true })
      case 'both-push':
        return this.#bothPush(at, this.#machine(one.other))
      case 'pull':
        return this.#pull(at, one)
      case 'push':
        return this.#push(at, one)
      case 'restore':
        return this.#restore(at, one.hoursAgo)
      case 'undo':
        return this.#undo(at, one.dies)
      case 'look':
        return this.#look(at)
      case 'copy':
        return copy(at)
      case 'set-back':
        return setBack(at)
    }
  }

  /** With the network up, everybody ends with the same files, and then nothing is left to do. */
  async converge(): Promise<void> {
    for (const at of this.#machines) at.network.isUp = true
    let isQuiet = false
    for (let round = 0; round < 4 && !isQuiet; round++) {
      isQuiet = true
      for (const at of this.#machines) {
        const given = { ...options(at), allowEmpty: true }
        const pulled = await this.#keeping(at, () => pull({ ...given, onConflict: 'keep-both' }))
        const pushed = await this.#keeping(at, () => push(given))
        isQuiet &&= pulled?.outcome === 'up-to-date' && pushed?.outcome === 'up-to-date'
      }
    }
    const [first, ...others] = this.#machines.map(({ folder }) => syncedFiles(folder))
    for (const other of others) expectSame(other, first, 'machines differ after all is synced')
    for (const at of this.#machines) {
      expectOutcome(await pull(options(at)), 'up-to-date')
      expectOutcome(await push(options(at)), 'up-to-date')
    }
  }

  #machine(number: number): Machine {
    return this.#machines[number % this.#machines.length] as Machine
  }

  async #pull(at: Machine, one: StepOf<'pull'>) {
    const { answer: onConflict, again: repeats } = one
    const before = await this.#filesBefore(at)
    const report = await this.#told(at, one, (given) => pull({ ...given, onConflict }))
    if (report === undefined) return
    const isDone = report.outcome === 'changed' || report.outcome === 'up-to-date'
    if (!isDone || report.outcome === 'up-to-date') {
      expectSame(syncedFiles(at.folder), before, `a pull that is ${report.outcome}`)
    }
    if (!repeats || !isDone) return
    const after = syncedFiles(at.folder)
    const second = await this.#keeping(at, () => pull({ ...options(at), onConflict: 'stop' }))
    // What is left may be a fork that the first pull was not about: changes here, adopted as they are.
    expectOutcome(second, 'up-to-date')
    expectSame(syncedFiles(at.folder), after, 'a second pull')
  }

  async #push(at: Machine, one: StepOf<'push'>): Promise<void> {
    const { again: repeats } = one
    const before = await this.#filesBefore(at)
    const report = await this.#told(at, one, push)
    expectSame(syncedFiles(at.folder), before, 'a push')
    const isStored =
      report?.outcome === 'changed' ||
      report?.outcome === 'up-to-date' ||
      report?.outcome === 'conflict'
    if (!isStored) return
    const history = await this.#oracle.contents()
    for (const content of Object.values(before)) {
      if (!history.has(content)) throw new Error(`${content} was pushed and is not in the history`)
    }
    if (!repeats) return
    const count = this.#oracle.snapshotCount
    expectOutcome(await this.#keeping(at, () => push(options(at))), 'up-to-date')
    expectSame(await this.#snapshotCount(), count, 'snapshots after a second push')
  }

  /** What is there once an interrupted command has been ended, which any command does. */
  async #filesBefore(at: Machine): Promise<Record<string, string>> {
    if (this.#interrupted.delete(at)) await this.#keeping(at, () => status(options(at)))
    return syncedFiles(at.folder)
  }

  async #bothPush(one: Machine, other: Machine): Promise<void> {
    const pushes = one === other ? [one] : [one, other]
    await Promise.all(pushes.map((at) => this.#keeping(at, () => push(options(at)))))
  }

  async #restore(at: Machine, hoursAgo: number): Promise<void> {
    const time = new Date(Date.now() - hoursAgo * 3_600_000).toISOString()
    await this.#filesBefore(at)
    const how = { dies: undefined, foretold: true }
    await this.#told(at, how, (given) => restore({ ...given, state: time }))
  }

  async #undo(at: Machine, dies: number | undefined): Promise<void> {
    await this.#filesBefore(at)
    await this.#told(at, { dies, foretold: true }, undo)
  }

  /** Status tells what a pull and a push would find. */
  async #look(at: Machine): Promise<void> {
    await this.#filesBefore(at)
    const seen = await this.#keeping(at, () => status(options(at)))
    if (seen?.outcome !== 'status') throw new Error(`a status: ${JSON.stringify(seen)}`)
    const dry = { ...options(at), dryRun: true }
    const pulled = await resultOf(() => pull(dry))
    const pushed = await resultOf(() => push(dry))
    const found = [outcomeOf(pulled), outcomeOf(pushed)]
    const expected = {
      unknown: [['offline'], ['offline', 'up-to-date']],
      equal: [['up-to-date'], ['up-to-date']],
      push: [['up-to-date'], ['changed', 'REFUSED']],
      pull: [['changed', 'REFUSED'], ['up-to-date']],
      conflict: [['conflict'], ['conflict', 'changed', 'up-to-date', 'REFUSED']],
    }[seen.verdict]
    if (expected.every((outcomes, number) => outcomes.includes(found[number] ?? ''))) return
    throw new Error(`status tells ${seen.verdict}, a pull ${found[0]}, a push ${found[1]}`)
  }

  /** Runs a command, and before it perhaps its dry run; undefined when it was refused or the machine died. */
  async #told<R extends Told>(
    at: Machine,
    { dies, foretold }: { readonly dies: number | undefined; readonly foretold: boolean },
    command: (given: ReturnType<typeof options> & { readonly dryRun?: boolean }) => Promise<R>,
  ): Promise<R | undefined> {
    if (!foretold) return this.#mortal(at, dies, (fate) => command(options(at, fate)))
    const before = syncedFiles(at.folder)
    const count = await this.#snapshotCount()
    const foreseen = await resultOf(() => command({ ...options(at), dryRun: true }))
    expectSame(syncedFiles(at.folder), before, 'a dry run')
    expectSame(await this.#snapshotCount(), count, 'snapshots after a dry run')
    return this.#mortal(at, dies, async (fate) => {
      const result = await resultOf(() => command(options(at, fate)))
      if (!fate.isDead) expectSame(summaryOf(foreseen), summaryOf(result), 'a dry run tells')
      if ('error' in result) throw result.error
      return result.report
    })
  }

  async #snapshotCount(): Promise<number> {
    await this.#oracle.contents()
    return this.#oracle.snapshotCount
  }

  /** Runs a command on a machine that may die meanwhile; undefined when it did. */
  async #mortal<T>(
    at: Machine,
    last: number | undefined,
    command: (fate: Fate) => Promise<T>,
  ): Promise<T | undefined> {
    const fate = new Fate(last ?? Infinity)
    const report = await this.#keeping(at, async () => {
      try {
        return await command(fate)
      } catch (error) {
        if (!fate.isDead) throw error
        return undefined
      }
    })
    if (fate.isDead) {
      rmSync(join(at.folder, '.cloud-sync/lock'), { force: true })
      this.#interrupted.add(at)
    }
    return fate.isDead ? undefined : report
  }

  /** Nothing that is on the disk before a command may be nowhere after it. */
  async #keeping<T>(at: Machine, command: () => Promise<T>): Promise<T | undefined> {
    const before = Object.values(syncedFiles(at.folder))
    let report: T | undefined
    try {
      report = await command()
    } catch (error) {
      if (!isExpected(error)) throw error
    }
    const after = new Set(Object.values(syncedFiles(at.folder)))
    const history = await this.#oracle.contents()
    for (const content of before) {
      if (!after.has(content) && !history.has(content)) throw new Error(`${content} is lost`)
    }
    return report
  }
}

type StepOf<Kind extends Step['kind']> = Extract<Step, { readonly kind: Kind }>

function options(at: Machine, fate?: Fate) {
  return { packFolder: at.folder, platform: at.platform(fate), lockWaitMs: 0 }
}

/** Refusals that a sequence may run into: guards, nothing to undo or restore, no network. */
function isExpected(error: unknown): boolean {
  if (isSyncError(error, 'REFUSED', 'NOT_FOUND')) return true
  const { code, reason } = error as { readonly code?: unknown; readonly reason?: unknown }
  return code === 'NO_REPOSITORY' || (code === 'BACKEND' && reason === 'unavailable')
}

function expectSame(found: unknown, expected: unknown, what: string): void {
  const [left, right] = [found, expected].map((value) => JSON.stringify(value))
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`)
}

function expectOutcome(report: { readonly outcome: string } | undefined, outcome: string): void {
  if (report?.outcome === outcome) return
  throw new Error(`${outcome} was expected: ${JSON.stringify(report)}`)
}
