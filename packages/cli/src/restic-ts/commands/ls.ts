import {
  BegunRun,
  EarlyWork,
  type IndexedRepository,
  type StoredSnapshot,
  findTree,
} from 'restic-core'
import * as z from 'zod'
import { Failure } from '../../shared/failure.ts'
import type { Screen } from '../../shared/screen.ts'
import {
  type CommandContext,
  defineCommand,
  type LoadedCommand,
  type Reporter,
} from '../command.ts'
import { choiceFlag, declareSnapshotFilter, switchFlag } from '../flags.ts'
import { type ListedNode, compareListed, listNodes, sortModes } from '../listing.ts'
import { jsonText } from '../render/json.ts'
import { LineOutput } from '../render/lines.ts'
import { NcduDocument } from '../render/ncdu.ts'
import { nodeLine, nodeObject } from '../render/node.ts'
import { snapshotObject, snapshotTitle } from '../render/snapshot.ts'
import { tellInTurn } from '../tell-in-turn.ts'
import { openSession } from '../session.ts'
import {
  type SnapshotPlace,
  filterFlags,
  findSnapshotPlace,
  snapshotFilter,
} from '../snapshot-choice.ts'

const options = z.object({
  ...filterFlags,
  long: switchFlag,
  recursive: switchFlag,
  humanReadable: switchFlag,
  ncdu: switchFlag,
  sort: choiceFlag('sort', sortModes).default('name'),
  reverse: switchFlag,
  args: z.array(z.string()),
})
type Options = z.infer<typeof options>

type Event =
  | {
      readonly type: 'snapshot'
      readonly snapshot: StoredSnapshot
      readonly folders: readonly string[]
    }
  | ({ readonly type: 'node' } & ListedNode)

type ListReporter = Reporter<Event, void>

export const ls: LoadedCommand = defineCommand({
  declare: (command) => {
    command
      .argument('[snapshot]', 'id of a snapshot, latest, or id:folder')
      .argument('[folders...]', 'absolute folders in the snapshot')
      .option('-l, --long', 'show mode, owner, size and time')
      .option('--recursive', 'list what is below the folders too')
      .option('--human-readable', 'show sizes with units')
      .option('--ncdu', 'print the export format of ncdu')
      .option('-s, --sort <mode>', `sort by ${sortModes.join(', ')}`)
      .option('--reverse', 'sort backwards')
    declareSnapshotFilter(command)
  },
  options,
  run: list,
  text: (flags, screen, context) =>
    flags.ncdu ? ncduReporter(screen) : textReporter(flags, screen, context),
  json: (_, screen) => jsonReporter(screen),
  exitCode: () => 0,
})

async function list(
  flags: Options,
  context: CommandContext,
  report: (event: Event) => void | Promise<void>,
): Promise<void> {
  const [text, ...folders] = flags.args
  if (text === undefined)
    throw new Failure("no snapshot ID specified, specify snapshot ID or use special ID 'latest'")
  if (folders.some((folder) => !folder.startsWith('/'))) {
    throw new Failure("All path filters must be absolute, starting with a forward slash '/'")
  }
  if (flags.ncdu && context.globals.json) {
    throw new Failure("only either '--json' or '--ncdu' can be specified")
  }
  if (flags.ncdu && isSorted(flags))
    throw new Failure('--sort and --reverse are not supported in combination with --ncdu')
  const filter = snapshotFilter(flags, context.environment)
  const early = new EarlyWork(
    (view) =>
      new BegunRun(async ({ signal, mayWrite }) => {
        const place = await findSnapshotPlace({ ...view, signal }, text, filter)
        const events = listed(flags, await view.indexed(), place, { folders, signal })
        await tellInTurn(events, mayWrite, report)
      }),
  )
  await using session = await openSession(context, 'shared', { needsIndex: true, early })
  await early.take(session).result(session.signal)
}

async function* listed(
  flags: Options,
  indexed: IndexedRepository,
  { snapshot, folder }: SnapshotPlace,
  { folders, signal }: { readonly folders: readonly string[]; readonly signal: AbortSignal },
): AsyncGenerator<Event, void> {
  const root = await findTree(indexed, snapshot.tree, folder, { signal })
  yield { type: 'snapshot', snapshot, folders }
  const wish = { folders: folders.map(withoutSlash), recursive: flags.recursive }
  const nodes = listNodes(indexed, root, wish, { signal })
  for await (const node of isSorted(flags) ? sortedNodes(nodes, flags) : nodes) {
    yield { type: 'node', ...node }
  }
}

function isSorted({ sort, reverse }: Options): boolean {
  return sort !== 'name' || reverse
}

function withoutSlash(folder: string): string {
  return folder.replace(/(?<=.)\/+$/, '')
}

async function* sortedNodes(
  nodes: AsyncIterable<ListedNode>,
  { sort, reverse }: Options,
): AsyncGenerator<ListedNode, void> {
  const all: ListedNode[] = []
  for await (const node of nodes) if (!node.isAbove) all.push(node)
  all.sort(compareListed(sort))
  yield* reverse ? all.toReversed() : all
}

function textReporter(flags: Options, screen: Screen, { globals }: CommandContext): ListReporter {
  const output = new LineOutput(screen)
  return {
    event: (event) => {
      if (event.type === 'node') {
        return event.isAbove ? undefined : output.add(nodeLine(event.path, event.node, flags))
      }
      const title = `${snapshotTitle(event.snapshot)} filtered by [${event.folders.join(' ')}]:`
      return globals.verbosity > 0 ? output.add(title) : undefined
    },
    result: () => output.flush(),
  }
}

function jsonReporter(screen: Screen): ListReporter {
  const output = new LineOutput(screen)
  return {
    event: (event) => {
      if (event.type === 'node') {
        return event.isAbove ? undefined : output.add(jsonText(nodeObject(event.path, event.node)))
      }
      const marks = { message_type: 'snapshot', struct_type: 'snapshot' }
      return output.add(jsonText({ ...snapshotObject(event.snapshot), ...marks }))
    },
    result: () => output.flush(),
  }
}

/** Directories are closed when an entry comes that is not below them. */
function ncduReporter(screen: Screen): ListReporter {
  const output = new NcduDocument()
  const open: string[] = []
  const closeUntil = (path: string): string => {
    let text = ''
    while (open.length > 0 && !path.startsWith(`${open.at(-1)}/`)) {
      open.pop()
      text += output.leave()
    }
    return text
  }
  return {
    event: (event) => {
      if (event.type === 'snapshot') return screen.write(output.begin(event.snapshot))
      const text = closeUntil(event.path) + output.node(event.node)
      if (event.node.type === 'dir') open.push(event.path)
      return screen.write(text)
    },
    result: () => screen.write(closeUntil('') + output.end()),
  }
}
