// oxlint-disable-next-line import/no-unassigned-import -- it is about the schemas of the modules below
import '../shared/interpreted-schemas.ts'
import type { EventEmitter } from 'node:events'
import type { ReadStream } from 'node:tty'
import { watchInterrupts } from '../shared/interrupts.ts'
import { terminalInput } from '../shared/prompt.ts'
import { Screen, type OutputStream } from '../shared/screen.ts'
import type { CommandContext } from './command.ts'
import type { ExitCode } from './exit-code.ts'
import { type GlobalOptions, globalOptions } from './global-options.ts'
import { parseCommandLine } from './program.ts'

/** The process a command runs in. */
export interface Host {
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdin: ReadStream
  readonly stdout: OutputStream & EventEmitter
  readonly stderr: OutputStream & EventEmitter
  readonly signals: EventEmitter
  exit(code: number): void
}

/** Runs one command line and says how it ended. Never throws. */
export async function main(host: Host): Promise<ExitCode> {
  const screen = new Screen(host)
  let globals: GlobalOptions | undefined
  using interrupts = watchInterrupts({
    signals: host.signals,
    outputs: [host.stdout, host.stderr],
    onSignal: (name) => screen.printError(`\rsignal ${name} received, cleaning up `),
    exit: (code) => host.exit(code),
  })
  try {
    let help = ''
    const invocation = await parseCommandLine(host.words, (text) => {
      help += text
    })
    if (invocation === undefined) {
      await screen.write(help)
      return 0
    }
    globals = globalOptions(invocation.given, host.environment)
    const context = commandContext(host, screen, globals, interrupts.signal)
    const code = await invocation.command.execute(invocation.given, context, screen)
    // Output that went nowhere, as on a full disk, is no success.
    await screen.write('')
    return code
  } catch (caught) {
    // What an aborted request or a broken pipe throws says less than why we stopped.
    const error: unknown = interrupts.signal.aborted ? interrupts.signal.reason : caught
    // Loaded only now: they bring the library along, which `version` does not need.
    const { errorText } = await import('./error-text.ts')
    const { exitCodeOf } = await import('./exit-code.ts')
    const code = exitCodeOf(error)
    const json = globals?.json ?? false
    // A person who ended the program was told that it heard; nobody reads after a broken pipe.
    const isTold = code === 141 || (code === 130 && !json)
    if (!isTold) reportFailure(errorText(error), code, screen, json)
    if ((host.environment['DEBUG'] ?? '') !== '') screen.printError(stackOf(caught))
    return code
  }
}

function commandContext(
  { environment, stdin, stderr, signals }: Host,
  screen: Screen,
  globals: GlobalOptions,
  signal: AbortSignal,
): CommandContext {
  return {
    globals,
    environment,
    signal,
    passwords: terminalInput(stdin, stderr, {
      signal,
      interrupt: () => void signals.emit('SIGINT'),
    }),
    stdin,
    isTerminal: screen.isTerminal,
    notice: (text) => {
      if (!globals.json && globals.verbosity > 0) screen.print(text)
    },
    warn: (text) => screen.printError(text),
  }
}

function reportFailure(message: string, code: ExitCode, screen: Screen, json: boolean): void {
  const object = { message_type: 'exit_error', code, message }
  screen.printError(json ? JSON.stringify(object) : message)
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
