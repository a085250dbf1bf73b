import type { Cancellable } from '../base/cancel.ts'
import { UnsupportedError, WrongPasswordError } from '../base/errors.ts'
import { asId } from '../base/id.ts'
import type { Backend } from '../backend/backend.ts'
import { openWithStretched, parseKeyFile, stretching } from '../format/key-file.ts'
import type { Runtime } from '../work/runtime.ts'
import type { OpenedKey } from './api.ts'
import { loadRaw, smallFileLabel } from './files.ts'

/** A password costs about half a second for each key; restic gives up here too. */
const keysTriedMax = 20

/** What trying a key needs of a runtime. */
type KeyRuntime = Pick<Runtime, 'kernel' | 'scrypt'>

export interface KeySearch extends Cancellable {
  readonly password: string
  /** the names of the key files, in the store's order */
  readonly names: readonly string[]
  /** Tried first: an id or the beginning of one. */
  readonly hint?: string | undefined
}

/**
 * The first key that the password opens. A key of another password is passed over; a key that
 * cannot be read or is damaged ends the search, unless it was only hinted at.
 *
 * @throws WrongPasswordError when none opens
 * @throws UnsupportedError when there are more than 20 and the hint does not help
 */
export async function searchKey(
  backend: Backend,
  runtime: KeyRuntime,
  { password, names, hint, signal }: KeySearch,
): Promise<OpenedKey> {
  const hinted = hint === undefined ? [] : names.filter((name) => name.startsWith(hint))
  const [only] = hinted
  if (only !== undefined && hinted.length === 1) {
    const opened = await tryHinted(backend, runtime, password, only, { signal })
    if (opened) return opened
  }
  for (const [position, name] of names.entries()) {
    if (position === keysTriedMax) throw tooManyKeys(names.length)
    const opened = await tryKey(backend, runtime, password, name, { signal })
    if (opened) return opened
  }
  throw new WrongPasswordError('wrong password or no key found')
}

/** The key, or undefined when the password is not its. @throws CorruptDataError, MissingError */
export async function tryKey(
  backend: Backend,
  runtime: KeyRuntime,
  password: string,
  name: string,
  options: Cancellable,
): Promise<OpenedKey | undefined> {
  const file = { type: 'key', name } as const
  const what = smallFileLabel(file)
  const { kernel } = runtime
  const keyFile = parseKeyFile(await loadRaw(backend, kernel, file, options), what)
  const stretched = await runtime.scrypt(...stretching(password, keyFile))
  options.signal?.throwIfAborted()
  const masterKey = openWithStretched(kernel, stretched, keyFile, what)
  return masterKey && { keyId: asId<'key'>(name), masterKey }
}

/** A hint may be out of date in any way, so what goes wrong with it says nothing. */
async function tryHinted(
  backend: Backend,
  runtime: KeyRuntime,
  password: string,
  name: string,
  options: Cancellable,
): Promise<OpenedKey | undefined> {
  try {
    return await tryKey(backend, runtime, password, name, options)
  } catch {
    options.signal?.throwIfAborted()
    return undefined
  }
}

function tooManyKeys(count: number): UnsupportedError {
  return new UnsupportedError('maximum number of keys reached', {
    hint: `The repository has ${count} keys; name yours with a key hint.`,
  })
}

export async function keyNames(backend: Backend, options: Cancellable): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of backend.list('key', options)) names.push(name)
  return names
}
