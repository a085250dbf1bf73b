/**
 * A TCP proxy that is a slow link: `slow-link-program.ts PORT ROUND_TRIP_MS MEGABITS` listens on a
 * port that it prints, and ends when its standard input does.
 *
 * All connections share the link's capacity, each way for itself. A piece of data waits until what
 * came before it has been sent, takes its own time to be sent, and arrives half a round trip later.
 * A connection is open one round trip after it was asked for. What it leaves out: losses, headers
 * of packets, and the slow start of TCP. It is a proxy because shaping by the kernel (tc, netem)
 * needs root and modules that containers and small kernels do not have.
 */
import { type Socket, connect, createServer } from 'node:net'

const [port = 0, roundTripMs = 0, megabits = 1] = process.argv.slice(2).map(Number)

/** What one connection may have on the link each way: what the link holds, and as much again. */
const queuedMax = 2 * bytesPerMs() * roundTripMs

function bytesPerMs(): number {
  return (megabits * 1e6) / 8 / 1000
}

interface Piece {
  readonly arrivesMs: number
  readonly arrive: () => void
}

/** One way of the link. */
class Way {
  readonly #pieces: Piece[] = []
  #freeMs = 0
  #timer: NodeJS.Timeout | undefined

  send(length: number, arrive: () => void): void {
    const start = Math.max(performance.now(), this.#freeMs)
    this.#freeMs = start + length / bytesPerMs()
    this.#pieces.push({ arrivesMs: this.#freeMs + roundTripMs / 2, arrive })
    this.#wait()
  }

  /** One timer for all, since timers of different lengths need not fire in the order of their ends. */
  #wait(): void {
    const [next] = this.#pieces
    if (next === undefined || this.#timer !== undefined) return
    this.#timer = setTimeout(() => this.#deliver(), Math.max(1, next.arrivesMs - performance.now()))
  }

  #deliver(): void {
    this.#timer = undefined
    const now = performance.now()
    const waiting = this.#pieces.findIndex(({ arrivesMs }) => arrivesMs > now)
    const arrived = this.#pieces.splice(0, waiting < 0 ? this.#pieces.length : waiting)
    for (const { arrive } of arrived) arrive()
    this.#wait()
  }
}

const up = new Way()
const down = new Way()

function join(from: Socket, to: Socket, way: Way): void {
  let queued = 0
  from.on('data', (data) => {
    queued += data.length
    if (queued > queuedMax) from.pause()
    way.send(data.length, () => {
      const resume = () => {
        queued -= data.length
        if (queued <= queuedMax) from.resume()
      }
      // A receiver that is slower than the link holds the sender up, as TCP's window does.
      if (to.destroyed) resume()
      else to.write(data, resume)
    })
  })
  from.on('end', () => way.send(0, () => to.end()))
  from.on('error', () => to.destroy())
}

const server = createServer(
  { allowHalfOpen: true, noDelay: true, pauseOnConnect: true },
  (client) => {
    const target = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    join(target, client, down)
    setTimeout(() => {
      join(client, target, up)
      client.resume()
    }, roundTripMs)
  },
)

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') process.stdout.write(`${address?.port}\n`)
})
process.stdin.on('end', () => process.exit()).resume()
