import { main } from './restic-ts/main.ts'

const { argv, env, stdin, stdout, stderr } = process

const code = await main({
  words: argv.slice(2),
  environment: env,
  stdin,
  stdout,
  stderr,
  signals: process,
  exit: (status) => process.exit(status),
})
process.exitCode = code
