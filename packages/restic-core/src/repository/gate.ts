import { type Cancellable, untilAborted } from '../base/cancel.ts'
import type { Backend } from '../backend/backend.ts'
import { overriding } from '../backend/request.ts'

/** While it stands, requests wait; once it has failed, they fail. */
export interface GateHold {
  fail(error: Error): void
  /** Lets requests pass, also after `fail`. */
  release(): void
}

interface Hold {
  readonly settled: Promise<void>
}

/** Stops the requests of a session while it is in doubt whether its lock still stands. */
export class Gate {
  readonly #holds = new Set<Hold>()

  hold(): GateHold {
    let release: () => void = ignore
    let fail: (error: Error) => void = ignore
    const settled = new Promise<void>((resolve, reject) => {
      release = resolve
      fail = reject
    })
    // Nobody may be waiting when it fails.
    settled.catch(ignore)
    const hold: Hold = { settled }
    this.#holds.add(hold)
    return {
      fail,
      release: () => {
        this.#holds.delete(hold)
        release()
      },
    }
  }

  async pass({ signal }: Cancellable = {}): Promise<void> {
    for (const { settled } of this.#holds) await untilAborted(settled, signal)
  }
}

/** A backend whose requests pass the gate, except those about locks. */
export function gated(inner: Backend, gate: Gate): Backend {
  return overriding(inner, {
    async *list(type, options) {
      if (type !== 'lock') await gate.pass(options)
      yield* inner.list(type, options)
    },
    async stat(file, options) {
      if (file.type !== 'lock') await gate.pass(options)
      return inner.stat(file, options)
    },
    async read(file, options) {
      if (file.type !== 'lock') await gate.pass(options)
      return inner.read(file, options)
    },
    async write(file, body, options) {
      if (file.type !== 'lock') await gate.pass(options)
      return inner.write(file, body, options)
    },
    async remove(file, options) {
      if (file.type !== 'lock') await gate.pass(options)
      return inner.remove(file, options)
    },
  })
}

function ignore(): void {}
