import type { EventEmitter } from 'node:events'
import { Failure } from './failure.ts'

/** The reason a program's work is aborted from outside. Not a failure of the work. */
export class Interrupted extends Error {
  /** As a shell counts: 130 after a signal, 141 when the reader of the output has gone. */
  readonly exitCode: 130 | 141

  constructor(message: string, exitCode: 130 | 141) {
    super(message)
    this.name = 'Interrupted'
    this.exitCode = exitCode
  }
}

interface InterruptSources {
  /** `process`, which emits signals by name */
  readonly signals: EventEmitter
  readonly outputs: readonly EventEmitter[]
  /** Tells the user that the program heard and is cleaning up. */
  readonly onSignal: (name: string) => void
  /** Ends the program at once: a second signal came before the clean-up ended. */
  readonly exit: (code: number) => void
}

const signalNames = { SIGINT: 'interrupt', SIGTERM: 'terminated' } as const

/**
 * Aborts the work on Ctrl-C, on termination, and when whoever reads our output has gone, so that
 * locks are removed in every case. A second signal ends the program at once.
 */
export function watchInterrupts(sources: InterruptSources): Disposable & {
  readonly signal: AbortSignal
} {
  const controller = new AbortController()
  const handlers = Object.entries(signalNames).map(([event, name]) => {
    const handler = (): void => {
      if (controller.signal.aborted) return sources.exit(130)
      sources.onSignal(name)
      controller.abort(new Interrupted(`${name} signal received`, 130))
    }
    sources.signals.on(event, handler)
    return () => sources.signals.off(event, handler)
  })
  const onOutputError = (error: Error & { readonly code?: string }): void => {
    const gone = error.code === 'EPIPE' || error.code === 'EOF'
    controller.abort(
      gone
        ? new Interrupted('the reader of the output has gone', 141)
        : new Failure(`cannot print: ${error.message}`, { cause: error }),
    )
  }
  // The listeners on the outputs stay: an error event that nobody takes would end the program.
  for (const output of sources.outputs) output.on('error', onOutputError)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const remove of handlers) remove()
    },
  }
}
