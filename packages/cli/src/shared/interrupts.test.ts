import { EventEmitter } from 'node:events'
import { expect, it, vi } from 'vitest'
import { Interrupted, watchInterrupts } from './interrupts.ts'

function sources() {
  return {
    signals: new EventEmitter(),
    outputs: [new EventEmitter()],
    onSignal: vi.fn<(name: string) => void>(),
    exit: vi.fn<(code: number) => void>(),
  }
}

it('aborts on the first signal and exits on the second', () => {
  const from = sources()
  using watch = watchInterrupts(from)
  from.signals.emit('SIGTERM')
  expect(watch.signal.reason).toEqual(new Interrupted('terminated signal received', 130))
  expect(from.onSignal).toHaveBeenCalledExactlyOnceWith('terminated')
  expect(from.exit).not.toHaveBeenCalled()
  from.signals.emit('SIGINT')
  expect(from.exit).toHaveBeenCalledExactlyOnceWith(130)
})

it('aborts when the reader of the output has gone', () => {
  const from = sources()
  using watch = watchInterrupts(from)
  from.outputs[0]?.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  expect(watch.signal.reason).toMatchObject({ exitCode: 141 })
})

it('aborts with what is wrong when the output cannot be written', () => {
  const from = sources()
  using watch = watchInterrupts(from)
  from.outputs[0]?.emit('error', Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' }))
  expect(watch.signal.reason).toMatchObject({ message: 'cannot print: ENOSPC: no space' })
})

it('leaves no signal handler behind', () => {
  const from = sources()
  watchInterrupts(from)[Symbol.dispose]()
  expect(from.signals.listenerCount('SIGINT')).toBe(0)
})
