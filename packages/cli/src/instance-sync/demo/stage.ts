import { nodePlatform } from '@instance-sync/sync'
import { PassThrough } from 'node:stream'
import type { ReadStream } from 'node:tty'
import { Failure } from '../../shared/failure.ts'
import { type OutputStream, Screen } from '../../shared/screen.ts'
import { durationText } from '../render/amounts.ts'
import type { CommandContext } from '../command.ts'
import { commonOptions } from '../common-options.ts'
import type { ExitCode } from '../exit-code.ts'
import { parseCommandLine } from '../program.ts'

/** A machine that the demo plays: a name, and the folder of its instance. */
export interface Machine {
  readonly name: string
  readonly folder: string
}

/** Where the demo happens: headings, remarks, and real commands with their real output. */
export class Stage {
  readonly #context: CommandContext
  #step = 0

  constructor(context: CommandContext) {
    this.#context = context
  }

  step(title: string): void {
    this.#context.signal.throwIfAborted()
    this.#step++
    this.#context.screen.print(`\n${this.#step}. ${title}`)
  }

  say(text: string): void {
    this.#context.screen.print(`   ${text}`)
  }

  /**
   * Runs a command line as that machine would, and shows both.
   *
   * @param expected the exit code it must have
   */
  async play(
    machine: Machine,
    words: readonly string[],
    options: {
      readonly input?: string
      readonly expected?: ExitCode
      readonly typed?: string
    } = {},
  ): Promise<void> {
    const { input = '', expected = 0, typed } = options
    this.say(`${machine.name}$ instance-sync ${typed ?? words.join(' ')}`)
    const startMs = performance.now()
    const code = await this.#execute(machine, words, input)
    if (code !== expected) {
      throw new Failure(`instance-sync ${words[0]} ended with exit code ${code}, not ${expected}`)
    }
    const tookMs = performance.now() - startMs
    if (code === 0) this.say(`  (${durationText(tookMs)})`)
    else this.say(`  (exit code ${code}, ${durationText(tookMs)})`)
  }

  async #execute(machine: Machine, words: readonly string[], input: string): Promise<ExitCode> {
    const invocation = await parseCommandLine(words, () => undefined)
    if (invocation === undefined) throw new TypeError('the demo runs commands, not help')
    const output = indented(this.#context.screen)
    const stdin = new PassThrough()
    stdin.end(input)
    return invocation.command.execute(invocation.given, {
      ...this.#context,
      // What the real environment says about instances is not about this one.
      common: commonOptions(invocation.given, {
        environment: { INST_NAME: 'Sample Pack' },
        workingFolder: machine.folder,
      }),
      environment: {},
      platform: nodePlatform({ hostname: machine.name }),
      person: undefined,
      stdin: stdin as unknown as ReadStream,
      screen: new Screen({ stdout: output, stderr: output }),
    })
  }
}

function indented(screen: Screen): OutputStream {
  return {
    write(data) {
      for (const line of String(data).trimEnd().split('\n')) screen.print(`     ${line}`)
      return true
    },
  }
}
