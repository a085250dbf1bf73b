import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { Cancellable } from 'restic-core'
import { Failure } from '../shared/failure.ts'

const run = promisify(execFile)

/** The restic on PATH, or undefined. */
export async function resticOnPath(path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const program = join(folder, process.platform === 'win32' ? 'restic.exe' : 'restic')
    if (folder !== '' && (await isProgram(program))) return program
  }
  return undefined
}

function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** How a restic is called for one repository. */
interface ResticCall {
  readonly program: string
  /** flags that every call gets */
  readonly flags: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** A restic that ended with something else than success. */
export class ResticFailure extends Error {
  readonly code: number | null

  constructor(args: readonly string[], code: number | null, stderr: string) {
    const said = stderr.trim().split('\n').at(-1) ?? ''
    super(`restic ${args[0]} ended with ${code ?? 'a signal'}${said === '' ? '' : `: ${said}`}`)
    this.name = 'ResticFailure'
    this.code = code
  }
}

/** How much of what restic says is kept for a message, bytes. */
const stderrMax = 16 * 1024

/** A real restic beside us. Its output is read as it comes. */
export class ResticProgram {
  /** such as `0.18.0` */
  readonly version: string
  readonly #call: ResticCall

  private constructor(call: ResticCall, version: string) {
    this.#call = call
    this.version = version
  }

  /** @throws Failure when it does not run or is no restic */
  static async start(call: ResticCall): Promise<ResticProgram> {
    try {
      const { stdout } = await run(call.program, ['version'])
      const [, version] = /^restic (\d+\.\d+\.\d+\S*)/.exec(stdout) ?? []
      if (version !== undefined) return new ResticProgram(call, version)
    } catch (cause) {
      throw new Failure(`${call.program} cannot be run`, { cause })
    }
    throw new Failure(`${call.program} is no restic`)
  }

  /** The lines it prints. @throws ResticFailure at their end, when it failed */
  async *lines(args: readonly string[], options: Cancellable): AsyncGenerator<string, void> {
    const child = this.#spawn(args, options)
    const end = ending(child, args)
    try {
      yield* createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })
      await end
    } finally {
      // Whoever stops reading early leaves it waiting at a full pipe.
      child.kill()
    }
  }

  /** The bytes it prints. @throws ResticFailure at their end, when it failed */
  async *bytes(args: readonly string[], options: Cancellable): AsyncGenerator<Uint8Array, void> {
    const child = this.#spawn(args, options)
    const end = ending(child, args)
    try {
      for await (const chunk of child.stdout) yield Buffer.from(chunk)
      await end
    } finally {
      child.kill()
    }
  }

  /** Runs to the end, whatever it prints. @throws ResticFailure when it failed */
  async finish(args: readonly string[], options: Cancellable): Promise<void> {
    const child = this.#spawn(args, options)
    child.stdout.resume()
    await ending(child, args)
  }

  #spawn(args: readonly string[], { signal }: Cancellable) {
    const { program, flags, environment } = this.#call
    return spawn(program, [...args, ...flags], {
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    })
  }
}

function ending(
  child: ChildProcess & { readonly stderr: NodeJS.ReadableStream },
  args: readonly string[],
): Promise<void> {
  let stderr = ''
  child.stderr.on('data', (chunk: Uint8Array) => {
    stderr = `${stderr}${Buffer.from(chunk).toString()}`.slice(-stderrMax)
  })
  const wait = async (): Promise<void> => {
    const [code] = await once(child, 'close')
    if (code !== 0) throw new ResticFailure(args, typeof code === 'number' ? code : null, stderr)
  }
  const end = wait()
  // Whoever reads the output may stop early and never ask how it ended.
  end.catch(() => undefined)
  return end
}
