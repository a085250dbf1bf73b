import { isQuietNoOp } from './instance-sync/opt-in.ts'
import { muteFfiWarning } from './shared/ffi-warning.ts'

const { argv, env, stdin, stdout, stderr } = process
const words = argv.slice(2)

// A launcher may call us for every instance; one that is not synced must not wait for our code.
if (!isQuietNoOp(words, env, process.cwd())) {
  muteFfiWarning()
  process.on('uncaughtException', (error: unknown) => {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    const stack = env['DEBUG'] && error instanceof Error ? `${error.stack}\n` : ''
    stderr.write(`instance-sync: unexpected error: ${text}\n${stack}`)
    process.exit(1)
  })
  const { main } = await import('./instance-sync/main.ts')
  const code = await main({
    words,
    environment: env,
    workingFolder: process.cwd(),
    program: argv[1] ?? 'instance-sync',
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
}
