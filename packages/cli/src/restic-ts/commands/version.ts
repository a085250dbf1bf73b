import * as z from 'zod'
import { defineCommand, type LoadedCommand } from '../command.ts'
import { programVersion, resticVersion } from '../program-version.ts'
import { printJson } from '../render/json.ts'

/** The names Go has for what Node calls otherwise. */
const goNames: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', win32: 'windows' }

export const version: LoadedCommand = defineCommand({
  declare: () => undefined,
  options: z.object({}),
  run: () =>
    Promise.resolve({
      runtime: `node${process.versions.node}`,
      os: goNames[process.platform] ?? process.platform,
      arch: goNames[process.arch] ?? process.arch,
    }),
  text: (_, screen) => ({
    event: () => undefined,
    result: ({ runtime, os, arch }) =>
      screen.print(
        `restic-ts ${programVersion} compatible with restic ${resticVersion} on ${os}/${arch}, ${runtime}`,
      ),
  }),
  json: (_, screen) => ({
    event: () => undefined,
    result: ({ runtime, os, arch }) =>
      printJson(screen, {
        message_type: 'version',
        version: resticVersion,
        go_version: runtime,
        go_os: os,
        go_arch: arch,
        program: 'restic-ts',
        program_version: programVersion,
      }),
  }),
  exitCode: () => 0,
})
