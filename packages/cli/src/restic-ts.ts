import { main } from './restic-ts/main.ts'

const { argv, env, stdin, stdout, stderr } = process

process.on('uncaughtException', (error: unknown) => {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const stack = env['DEBUG'] && error instanceof Error ? `${error.stack}\n` : ''
  stderr.write(`Fatal: unexpected error: ${text}\n${stack}`)
  process.exit(1)
})

const code = await main({
  words: argv.slice(2),
  environment: env,
  stdin,
  stdout,
  stderr,
  signals: process,
  exit: (status) => process.exit(status),
})
// A connection that a server keeps open must not keep the program alive; its output must not be cut.
for (const output of [stdout, stderr]) {
  await new Promise<void>((resolve) => {
    output.write('', () => resolve())
  })
}
process.exit(code)
