/**
 * While held, SIGHUP does not end this program. `restic unlock` on the same machine sends it to
 * every process that holds a lock, to learn which of them still run.
 */
export function holdHangup(): Disposable {
  const ignore = (): void => undefined
  process.on('SIGHUP', ignore)
  return { [Symbol.dispose]: () => void process.off('SIGHUP', ignore) }
}
