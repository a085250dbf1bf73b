import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { encodeJobError } from '../work/job-error.ts'
import { type JobKind, jobHandlers } from '../work/jobs.ts'
import { PartMemory } from '../work/part-memory.ts'
import { type JobContext, type JobRun, partsAheadMax } from '../work/pool.ts'
import { collectGarbage } from './collect-garbage.ts'
import { nodeFileAccess } from './file-access.ts'
import { nodeKernel } from './kernel.ts'
import { nodeRandom } from './random.ts'
import {
  type JobReply,
  type JobRequest,
  type WorkerSetup,
  endRequest,
  flowWord,
} from './worker-messages.ts'

/** Runs one job after the other on this thread. Between two jobs it waits for messages. */
async function serve(): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('worker.ts runs as a worker thread only')
  const setup = workerData as WorkerSetup
  const reply = (message: JobReply, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, [...transfer])
  const kernel = await nodeKernel()
  const context: JobContext = {
    kernel,
    files: nodeFileAccess(),
    partMemory: new PartMemory(),
    random: nodeRandom,
  }
  port.on('message', (request: JobRequest | typeof endRequest) => {
    // Without it nothing keeps the thread.
    if (request === endRequest) port.close()
    else runJob(request, context, setup, reply)
  })
}

function runJob<K extends JobKind>(
  { kind, input }: JobRequest<K>,
  context: JobContext,
  setup: WorkerSetup,
  reply: (message: JobReply, transfer?: readonly ArrayBuffer[]) => void,
): void {
  const flow = new Int32Array(setup.flow)
  try {
    takeBack(setup, context.partMemory)
    const job: JobRun<K> = jobHandlers[kind](input, context)
    for (;;) {
      const step = job.next()
      if (step.done === true) {
        const { value, transfer, leavesMuch = false } = step.value
        reply({ type: 'done', value }, transfer)
        if (leavesMuch) void collectGarbage()
        return
      }
      if (step.value !== undefined) {
        Atomics.add(flow, flowWord.ahead, 1)
        const { value, memory } = step.value
        reply({ type: 'part', value, memory }, [memory.buffer])
      }
      if (!mayGoOn(flow)) {
        job.return(undefined as never)
        reply({ type: 'stopped' })
        return
      }
      takeBack(setup, context.partMemory)
    }
  } catch (error) {
    reply({ type: 'failed', error: encodeJobError(error) })
  }
}

function takeBack({ returned }: WorkerSetup, memory: PartMemory): void {
  for (let next = receiveMessageOnPort(returned); next; next = receiveMessageOnPort(returned)) {
    memory.give(next.message as Uint8Array<ArrayBuffer>)
  }
}

/** Sleeps while the receiver has enough in hand. False when the job should stop. */
function mayGoOn(flow: Int32Array): boolean {
  for (;;) {
    if (Atomics.load(flow, flowWord.stop) !== 0) return false
    const ahead = Atomics.load(flow, flowWord.ahead)
    if (ahead <= partsAheadMax) return true
    Atomics.wait(flow, flowWord.ahead, ahead)
  }
}

// Not awaited: the bundle is a script. A rejection ends the thread, and its pool reports it.
void serve()
