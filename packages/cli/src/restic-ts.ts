import { main } from './restic-ts/main.ts'
import { runProgram } from './shared/run-program.ts'

const { argv, env, stdin, stdout, stderr } = process

await runProgram('Fatal', () =>
  main({
    words: argv.slice(2),
    environment: env,
    stdin,
    stdout,
    stderr,
    signals: process,
    exit: (status) => process.exit(status),
  }),
)
