/**
 * Node 26 warns on standard error that FFI is experimental when it is first used. Our users can do
 * nothing about that, and without FFI we work as well. Every other warning is printed as always.
 */
export function muteFfiWarning(): void {
  for (const listener of process.listeners('warning')) {
    process.off('warning', listener)
    process.on('warning', (warning) => {
      if (!isFfiWarning(warning)) listener(warning)
    })
  }
}

function isFfiWarning({ name, message }: Error): boolean {
  return name === 'ExperimentalWarning' && message.startsWith('FFI is ')
}
