// oxlint-disable-next-line import/no-unassigned-import -- it is about the schemas of the modules below
import '../shared/interpreted-schemas.ts'
import type { EventEmitter } from 'node:events'
import type { ReadStream } from 'node:tty'
import { watchInterrupts } from '../shared/interrupts.ts'
import { Screen, type OutputStream } from '../shared/screen.ts'
import type { CommandContext } from './command.ts'
import { type CommonOptions, commonOptions } from './common-options.ts'
import type { ExitCode } from './exit-code.ts'
import type { Environment } from './opt-in.ts'
import { personAt } from './person.ts'
import { parseCommandLine } from './program.ts'

/** The process a command runs in. */
export interface Host {
  readonly words: readonly string[]
  readonly environment: Environment
  readonly workingFolder: string
  /** The file that Node runs, to name it in advice and to run it again. */
  readonly program: string
  readonly stdin: ReadStream
  readonly stdout: OutputStream & EventEmitter
  readonly stderr: OutputStream & NodeJS.WritableStream
  readonly signals: EventEmitter
  exit(code: number): void
}

/** Runs one command line and says how it ended. Never throws. */
export async function main(host: Host): Promise<ExitCode> {
  const screen = new Screen(host)
  let common: CommonOptions | undefined
  let holds = 0
  const holdInterrupts = (): Disposable => {
    holds++
    return {
      [Symbol.dispose]: () => {
        holds--
      },
    }
  }
  using interrupts = watchInterrupts({
    signals: host.signals,
    outputs: [host.stdout, host.stderr],
    onSignal: () => undefined,
    exit: (code) => {
      if (holds === 0) host.exit(code)
    },
  })
  try {
    const invocation = await parseCommandLine(host.words, (text) => void screen.write(text))
    if (invocation === undefined) return 0
    common = commonOptions(invocation.given, host)
    const context = commandContext(host, common, {
      screen,
      signal: interrupts.signal,
      holdInterrupts,
    })
    return await invocation.command.execute(invocation.given, context)
  } catch (caught) {
    // What an aborted request or a broken pipe throws says less than why we stopped.
    const error: unknown = interrupts.signal.aborted ? interrupts.signal.reason : caught
    // Loaded only now: it brings the library along, which help does not need.
    const { reportTrouble } = await import('./report-trouble.ts')
    const code = reportTrouble(error, screen, common?.json ?? host.words.includes('--json'))
    if ((host.environment['DEBUG'] ?? '') !== '') screen.printError(stackOf(caught))
    return code
  }
}

function commandContext(
  host: Host,
  common: CommonOptions,
  parts: Pick<CommandContext, 'screen' | 'signal' | 'holdInterrupts'>,
): CommandContext {
  const { signal } = parts
  const { environment, stdin, stdout, stderr, signals, program } = host
  const isAttended = stdin.isTTY && stdout.isTTY === true && stderr.isTTY === true
  return {
    ...parts,
    common,
    environment,
    program,
    stdin,
    signals,
    person:
      isAttended && !common.json
        ? personAt(stdin, stderr, { signal, interrupt: () => void signals.emit('SIGINT') })
        : undefined,
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
