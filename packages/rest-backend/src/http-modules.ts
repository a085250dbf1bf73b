import type * as Http from 'node:http'
import type * as Https from 'node:https'

// Asked for, and not imported: Node would load all that they export, WebSockets too, which takes
// longer than a request.

export function httpModule(): typeof Http {
  return process.getBuiltinModule('node:http')
}

export function httpsModule(): typeof Https {
  return process.getBuiltinModule('node:https')
}

/** The one for a scheme. */
export function moduleFor(isTls: boolean): typeof Http | typeof Https {
  return isTls ? httpsModule() : httpModule()
}
