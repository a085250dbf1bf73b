import { isQuietNoOp } from './instance-sync/opt-in.ts'
import { runProgram } from './shared/run-program.ts'

const { argv, env, stdin, stdout, stderr } = process
const words = argv.slice(2)

// A launcher may call us for every instance; one that is not synced must not wait for our code.
if (!isQuietNoOp(words, env, process.cwd())) {
  await runProgram('instance-sync', async () => {
    const { main } = await import('./instance-sync/main.ts')
    return main({
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
  })
}
