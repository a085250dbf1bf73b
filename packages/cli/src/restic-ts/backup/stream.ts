import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { posix } from 'node:path'
import { SourceError, backupStream } from 'restic-core'
import { Failure } from '../../shared/failure.ts'
import type { CommandContext } from '../command.ts'
import { openSession } from '../session.ts'
import type { Event, Outcome } from './events.ts'
import type { BackupFlags } from './flags.ts'
import { findParent } from './parent.ts'
import { keepStdinForData, snapshotFacts } from './plan.ts'

/** Backs up standard input, or what a command prints, as one file. */
export async function backupInput(
  flags: BackupFlags,
  context: CommandContext,
  report: (event: Event) => void,
): Promise<Outcome> {
  refuseContradictions(flags)
  if (!flags.stdinFromCommand) keepStdinForData(context)
  const startMs = performance.now()
  const path = posix.join('/', flags.stdinFilename)
  if (path === '/') throw new Failure('--stdin-filename needs the name of a file')
  const facts = snapshotFacts(flags, [path], context)
  report({ type: 'step', text: 'open repository' })
  await using session = await openSession(context, flags.dryRun ? 'none' : 'shared-always', {
    needsIndex: true,
  })
  const { signal } = session
  // As in restic, the output of a command follows whatever the host stored last.
  const parent = flags.stdinFromCommand
    ? await findParent(session, flags, { ...facts, paths: [] })
    : undefined
  if (flags.stdinFromCommand) report({ type: 'parent', parent })
  report({ type: 'step', text: 'load index files' })
  const indexed = await session.indexed()
  report({ type: 'step', text: 'read data from stdin' })
  const { compression, packSize, extraVerify: verify } = context.globals
  const failed = (reason: string): Failure => {
    const text = `failed to save ${path}: Fatal: command failed: ${reason}`
    report({ type: 'skipped', path, error: new SourceError(text, path, 'io') })
    return new Failure(`unable to save snapshot: ${text}`)
  }
  const input = flags.stdinFromCommand ? outputOf(flags.args, failed, signal) : context.stdin
  const result = await backupStream(indexed, input, {
    path,
    snapshot: facts,
    parent,
    skipIfUnchanged: flags.skipIfUnchanged,
    dryRun: flags.dryRun,
    compression,
    packSize,
    verify,
    signal,
    onEvent: report,
  })
  if (result.skipped > 0) {
    const error = new SourceError(`failed to save ${path}: read ${path}: no data read`, path, 'io')
    report({ type: 'skipped', path, error })
  }
  const durationMs = performance.now() - startMs
  return { ...result, incomplete: result.skipped > 0, dryRun: flags.dryRun, durationMs }
}

function refuseContradictions(flags: BackupFlags): void {
  if (flags.stdinFromCommand) {
    if (flags.args.length === 0) {
      throw new Failure('no command was specified as argument', { isUsage: true })
    }
  } else if (flags.args.length > 0) {
    throw new Failure('--stdin was specified and files/dirs were listed as arguments')
  }
  const lists = {
    'files-from': flags.filesFrom,
    'files-from-verbatim': flags.filesFromVerbatim,
    'files-from-raw': flags.filesFromRaw,
  }
  for (const [flag, list] of Object.entries(lists)) {
    if (list.length > 0) throw new Failure(`--stdin and --${flag} cannot be used together`)
  }
}

/** @throws what `failed` makes of it at the end of the output, when the command failed: nothing is kept */
async function* outputOf(
  words: readonly string[],
  failed: (reason: string) => Failure,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const [program = '', ...args] = words
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], signal })
  const ending = once(child, 'close')
  // What is wrong with it is asked for after its output.
  ending.catch(() => undefined)
  try {
    for await (const chunk of child.stdout) yield Buffer.from(chunk)
    const [code, name] = await ending.catch((cause: Error) => {
      signal.throwIfAborted()
      throw failed(cause.message)
    })
    if (code !== 0) throw failed(`exit status ${code ?? name}`)
  } finally {
    child.kill()
  }
}
