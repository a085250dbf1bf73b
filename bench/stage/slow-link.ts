/** Starts the slow link of `slow-link-program.ts` in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

interface LinkTraits {
  /** both ways together */
  readonly roundTripMs: number
  /** each way, 10^6 bits a second */
  readonly megabits: number
}

interface SlowLink extends AsyncDisposable {
  /** What `url` is to the server, this is to those at the far end of the link. */
  readonly url: string
}

export async function startSlowLink(
  url: string,
  { roundTripMs, megabits }: LinkTraits,
): Promise<SlowLink> {
  const program = join(import.meta.dirname, 'slow-link-program.ts')
  const { port } = new URL(url)
  const child = spawn(process.execPath, [program, port, String(roundTripMs), String(megabits)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    url: url.replace(`:${port}/`, `:${line.toString().trim()}/`),
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit')
      child.stdin.end()
      await exited
    },
  }
}
