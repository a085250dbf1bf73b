import type { RetryEvent } from 'restic-core'

const verbs = {
  create: 'Create',
  list: 'List',
  stat: 'Stat',
  read: 'Load',
  write: 'Save',
  remove: 'Remove',
}
const typeNames: Readonly<Record<string, string>> = { pack: 'data' }

/** A line about a request that is tried again, in restic's words. */
export function retryText(event: RetryEvent): string {
  const subject = `${verbs[event.request.operation]}(${objectOf(event.request)})`
  if (event.type === 'recovered') {
    return `${subject} operation successful after ${event.retries} retries`
  }
  const delay = `${Math.round(event.delayMs)}ms`
  return `${subject} returned error, retrying after ${delay}: ${event.error.message}`
}

function objectOf(request: RetryEvent['request']): string {
  if (request.operation === 'create') return ''
  if (request.operation === 'list') return typeNames[request.type] ?? request.type
  const { file } = request
  if (file.type === 'config') return '<config/>'
  return `<${typeNames[file.type] ?? file.type}/${file.name.slice(0, 10)}>`
}
