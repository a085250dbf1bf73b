/**
 * While held, SIGHUP does not end this program. `restic unlock` on the same machine sends it to
 * every process that holds a lock, to learn which of them still run.
 */
export function holdHangup(): Disposable {
  process.on('SIGHUP', ignore)
  let isHeld = true
  return {
    [Symbol.dispose]() {
      // Each removal takes one of equal listeners away.
      if (isHeld) process.off('SIGHUP', ignore)
      isHeld = false
    },
  }
}

function ignore(): void {}
