import { join } from 'node:path'
import { mkdir } from 'node:fs/promises'
import type { Side } from '../measuring/contest.ts'
import type { Command } from '../measuring/measure.ts'
import type { Question } from '../question.ts'

/**
 * How long a program takes before its own work begins. The yardstick is Node itself with nothing to
 * run, for restic is none here: it starts in no time.
 */
export const question: Question = {
  title: 'Starting, and node with nothing to do',
  unit: 'files',
  size: 1,
  chart: 'bars',
  hasControl: false,
  async *cases(stage) {
    const folder = join(stage.folder, 'not-opted-in')
    await mkdir(folder)
    const env = {}
    const version = stage.ours.command(['version'], { env })
    const restic = side('node -e 0', { ...version, args: ['-e', '0'] })
    yield { name: 'version', ours: side('restic-ts version', version), restic }
    const pull = stage.instanceSync.command(['pull', `--pack-folder=${folder}`], { env })
    yield { name: 'not opted in', ours: side('instance-sync pull', pull), restic }
  },
}

function side(label: string, command: Command): Side {
  return { label, ready: () => Promise.resolve(command) }
}
