import { concatBytes, totalLength } from '../base/bytes.ts'
import { BackendError, type BackendReason } from '../base/errors.ts'
import type { Backend, FileType } from '../backend/backend.ts'
import {
  overriding,
  requestLabel,
  type BackendOperation,
  type BackendRequest,
} from '../backend/request.ts'

/** What goes wrong with one request. */
export interface Fault {
  readonly error: Error
  /**
   * - `before`: the store never hears of the request.
   * - `after`: the store does it and the answer is lost.
   * - `cut`: the store keeps the first half of an upload; otherwise as `before`.
   */
  readonly when: 'before' | 'after' | 'cut'
}

/** Decides about the nth request that the rule is for, from 1. */
export type FaultRule = (nth: number, request: BackendRequest) => Fault | undefined

/** Rules by operation and type; the ones that name less see the requests of all. */
export type FaultPlan = {
  readonly [O in BackendOperation]?: FaultRule | { readonly [T in FileType]?: FaultRule }
} & { readonly any?: FaultRule }

/** A store that fails as planned. */
export function faultyBackend(inner: Backend, plan: FaultPlan): Backend {
  const seen = new Map<FaultRule, number>()

  function faultOf(request: BackendRequest): Fault | undefined {
    const forOperation = plan[request.operation]
    const type = typeOf(request)
    const ofType = typeof forOperation === 'object' ? type && forOperation[type] : forOperation
    let found: Fault | undefined
    for (const rule of [ofType, plan.any]) {
      if (!rule) continue
      const nth = (seen.get(rule) ?? 0) + 1
      seen.set(rule, nth)
      found ??= rule(nth, request)
    }
    return found
  }

  async function faulted<T>(
    request: BackendRequest,
    run: () => Promise<T>,
    cut: () => Promise<unknown> = async () => {},
  ): Promise<T> {
    const fault = faultOf(request)
    if (!fault) return run()
    if (fault.when === 'after') await run()
    if (fault.when === 'cut') await cut()
    throw fault.error
  }

  return overriding(inner, {
    create: (options) => faulted({ operation: 'create' }, () => inner.create(options)),
    stat: (file, options) => faulted({ operation: 'stat', file }, () => inner.stat(file, options)),
    read: (file, options) =>
      faulted({ operation: 'read', file, range: options?.range }, () => inner.read(file, options)),
    remove: (file, options) =>
      faulted({ operation: 'remove', file }, () => inner.remove(file, options)),
    write: (file, body, options) =>
      faulted(
        { operation: 'write', file, size: totalLength(body) },
        () => inner.write(file, body, options),
        () => inner.write(file, [firstHalf(body)], options),
      ),
    async *list(type, options) {
      const fault = faultOf({ operation: 'list', type })
      if (fault && fault.when !== 'after') throw fault.error
      yield* inner.list(type, options)
      if (fault) throw fault.error
    },
  })
}

/** Request `nth` alone fails. */
export function failOn(
  nth: number,
  reason: BackendReason | Error = 'unavailable',
  when: Fault['when'] = 'before',
): FaultRule {
  return (number, request) => (number === nth ? plannedFault(request, reason, when) : undefined)
}

/** Request `nth` and all that follow fail, as when the network is gone or the process was killed. */
export function failFrom(
  nth: number,
  reason: BackendReason | Error = 'unavailable',
  when: Fault['when'] = 'before',
): FaultRule {
  return (number, request) => {
    if (number < nth) return undefined
    return plannedFault(request, reason, number === nth ? when : 'before')
  }
}

function plannedFault(
  request: BackendRequest,
  reason: BackendReason | Error,
  when: Fault['when'],
): Fault {
  if (reason instanceof Error) return { error: reason, when }
  return { error: new BackendError(`${requestLabel(request)}: planned fault`, reason), when }
}

function typeOf(request: BackendRequest): FileType | undefined {
  if (request.operation === 'create') return undefined
  return request.operation === 'list' ? request.type : request.file.type
}

function firstHalf(body: readonly Uint8Array[]): Uint8Array {
  const bytes = concatBytes(body)
  return bytes.subarray(0, bytes.length >> 1)
}
