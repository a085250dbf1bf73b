import { type BlobId, findTree, isId } from 'restic-core'
import { formatConfig, formatMasterKey, formatSnapshot } from 'restic-core/format'
import * as z from 'zod'
import { Failure } from '../../shared/failure.ts'
import { type CommandContext, defineCommand, type LoadedCommand } from '../command.ts'
import { declareSnapshotFilter } from '../flags.ts'
import { indentedJson } from '../render/indented-json.ts'
import { type Session, openSession } from '../session.ts'
import { filterFlags, findSnapshotPlace, snapshotFilter } from '../snapshot-choice.ts'

const types = [
  'config',
  'index',
  'snapshot',
  'key',
  'masterkey',
  'lock',
  'pack',
  'blob',
  'tree',
] as const
type ObjectType = (typeof types)[number]

const options = z.object({ ...filterFlags, args: z.array(z.string()) })
type Options = z.infer<typeof options>

/** Text for people, or bytes as they are stored. */
type Content = string | Uint8Array

export const cat: LoadedCommand = defineCommand({
  declare: (command) => {
    command
      .argument('[type]', types.join(', '))
      .argument('[id]', 'id of the object; not for masterkey and config')
    declareSnapshotFilter(command)
  },
  options,

  async run(flags, context): Promise<Content> {
    const [type, id = ''] = flags.args
    if (type === undefined) throw new Failure('type not specified')
    const known = types.find((name) => name === type)
    if (known === undefined) {
      const list = types.join('|')
      throw new Failure(`invalid type ${JSON.stringify(type)}, must be one of [${list}]`)
    }
    const needsId = known !== 'masterkey' && known !== 'config'
    if (needsId && id === '') throw new Failure('ID not specified')
    const needsIndex = known === 'blob' || known === 'tree'
    await using session = await openSession(context, 'shared', { needsIndex })
    // Waited for here, since the session ends with this function.
    return await content(known, id, session, flags, context)
  },

  text: (_, screen) => ({
    event: () => undefined,
    result: (found) => screen.write(typeof found === 'string' ? `${found}\n` : found),
  }),
  json: (_, screen) => ({
    event: () => undefined,
    result: (found) => screen.write(typeof found === 'string' ? `${found}\n` : found),
  }),
  exitCode: () => 0,
})

async function content(
  type: ObjectType,
  id: string,
  session: Session,
  flags: Options,
  context: CommandContext,
): Promise<Content> {
  const { repository, signal } = session
  switch (type) {
    case 'config':
      return indentedJson(formatConfig(repository.config))
    case 'masterkey':
      return indentedJson(formatMasterKey(repository.masterKey))
    case 'key':
      return indentedJson(await repository.loadRaw('key', fullId(id), { signal }))
    case 'lock':
      return indentedJson(await repository.loadFile('lock', fullId(id), { signal }))
    case 'index':
      return new TextDecoder().decode(await repository.loadFile('index', fullId(id), { signal }))
    case 'snapshot':
      return indentedJson(formatSnapshot((await findSnapshotPlace(session, id, {})).snapshot))
    case 'pack':
      return packBytes(session, fullId(id), context)
    case 'blob':
      return blobBytes(session, fullId(id))
    case 'tree':
      return treeBytes(session, id, flags, context)
  }
}

/** Most objects are named by all 64 digits of their id. */
function fullId(text: string): BlobId {
  if (isId<'blob'>(text)) return text
  throw new Failure(`unable to parse ID: invalid length for ID: ${JSON.stringify(text)}`)
}

/** Damaged packs are given out too: that is what this is for. */
async function packBytes(
  { repository, signal }: Session,
  id: string,
  context: CommandContext,
): Promise<Uint8Array> {
  const bytes = await repository.files.backend.read({ type: 'pack', name: id }, { signal })
  const hash = Buffer.from(repository.runtime.kernel.sha256(bytes)).toString('hex')
  if (hash !== id)
    context.warn(`Warning: hash of data does not match ID, want\n  ${id}\ngot:\n  ${hash}`)
  return bytes
}

async function blobBytes(session: Session, id: BlobId): Promise<Uint8Array> {
  const { signal } = session
  const indexed = await session.indexed()
  for (const type of ['data', 'tree'] as const) {
    if (indexed.index.has(type, id)) return indexed.readBlob(type, id, { signal })
  }
  throw new Failure('blob not found')
}

async function treeBytes(
  session: Session,
  text: string,
  flags: Options,
  { environment }: CommandContext,
): Promise<Uint8Array> {
  const { signal } = session
  const filter = snapshotFilter(flags, environment)
  const { snapshot, folder } = await findSnapshotPlace(session, text, filter)
  const indexed = await session.indexed()
  const tree = await findTree(indexed, snapshot.tree, folder, { signal })
  return indexed.readBlob('tree', tree, { signal })
}
