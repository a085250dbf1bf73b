import * as z from 'zod'
import type { KeyId, OpenedKey } from 'restic-core'
import { isSyncError } from '../errors.ts'
import { type FolderFiles, joined } from '../files/folder-files.ts'
import { controlPaths } from '../state/control-folder.ts'
import { readJson, replaceFile } from '../state/json-file.ts'
import { type Hashing, hexHash } from '../tree/fingerprint.ts'

const keyFile = joined(controlPaths.cache, 'key.json')
/** As `atob` takes it. */
const base64 = z.string().regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/)
const keyJson = z.object({
  schema: z.literal(1),
  /** hash over what the key was opened with, so that a changed token or address is noticed */
  proof: z.string(),
  key_id: z.string(),
  encrypt: base64,
  mac_k: base64,
  mac_r: base64,
})

export interface KeySource {
  /** of the repository, without credentials */
  readonly location: string
  readonly password: string
}

/** A key opened before with the same password at the same place. */
export async function readOpenedKey(
  files: FolderFiles,
  source: KeySource,
  hashing: Hashing,
): Promise<OpenedKey | undefined> {
  const json = await readKeyJson(files)
  if (json === undefined) return undefined
  const masterKey = {
    encrypt: fromBase64(json.encrypt),
    macK: fromBase64(json.mac_k),
    macR: fromBase64(json.mac_r),
  }
  if (masterKey.encrypt.length !== 32 || masterKey.macK.length !== 16) return undefined
  if (masterKey.macR.length !== 16 || json.proof !== proofOf(json.encrypt, source, hashing)) {
    return undefined
  }
  return { keyId: json.key_id as KeyId, masterKey }
}

async function readKeyJson(files: FolderFiles): Promise<z.infer<typeof keyJson> | undefined> {
  try {
    return await readJson(files, keyFile, keyJson)
  } catch (error) {
    if (isSyncError(error, 'SETTINGS')) return undefined
    throw error
  }
}

/** Keeps a key beside the token that would give it anyway, mode 0600. */
export async function keepOpenedKey(
  files: FolderFiles,
  source: KeySource,
  { keyId, masterKey }: OpenedKey,
  hashing: Hashing,
): Promise<void> {
  const encrypt = toBase64(masterKey.encrypt)
  const json = {
    schema: 1,
    proof: proofOf(encrypt, source, hashing),
    key_id: keyId,
    encrypt,
    mac_k: toBase64(masterKey.macK),
    mac_r: toBase64(masterKey.macR),
  }
  await replaceFile(files, keyFile, `${JSON.stringify(json)}\n`, 0o600)
}

export function dropOpenedKey(files: FolderFiles): Promise<void> {
  return files.remove(keyFile)
}

/** Keyed by the key itself: the file alone must not help anyone to try passwords. */
function proofOf(encrypt: string, { location, password }: KeySource, hashing: Hashing): string {
  return hexHash(JSON.stringify([encrypt, location, password]), hashing)
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
