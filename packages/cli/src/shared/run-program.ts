import { muteFfiWarning } from './ffi-warning.ts'

/**
 * Runs a program, and ends the process with its exit code.
 *
 * @param complaint what stands before an error that nobody expected
 */
export async function runProgram(complaint: string, program: () => Promise<number>): Promise<void> {
  const { env, stdout, stderr } = process
  muteFfiWarning()
  process.on('uncaughtException', (error: unknown) => {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    const stack = env['DEBUG'] && error instanceof Error ? `${error.stack}\n` : ''
    stderr.write(`${complaint}: unexpected error: ${text}\n${stack}`)
    process.exit(1)
  })
  const code = await program()
  // A connection that a server keeps open must not keep the program alive; its output must not be cut.
  for (const output of [stdout, stderr]) {
    await new Promise<void>((resolve) => {
      output.write('', () => resolve())
    })
  }
  process.exit(code)
}
