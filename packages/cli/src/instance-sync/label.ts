import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import type { CommonOptions } from './common-options.ts'
import { shown } from './render/amounts.ts'

const settingsJson = z.looseObject({ instance_id: z.string() })
const shortIdLength = 8

/** What messages call the instance: as we were told, or the beginning of its id. */
export async function instanceLabel({ label, packFolder }: CommonOptions): Promise<string> {
  if (label !== undefined) return shown(label)
  return shown((await readInstanceId(packFolder))?.slice(0, shortIdLength) ?? 'this folder')
}

/** A name in a message is not worth a failure: whoever needs the settings tells what is wrong with them. */
async function readInstanceId(packFolder: string): Promise<string | undefined> {
  try {
    const text = await readFile(join(packFolder, '.cloud-sync', 'sync.json'), 'utf8')
    return settingsJson.safeParse(JSON.parse(text)).data?.instance_id
  } catch {
    return undefined
  }
}
