/** What stands before the content of an answer. */
export interface AnswerHead {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** Where the content begins. */
  readonly length: number
}

/** Two of one of these may mean two different contents. */
const decisive: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'transfer-encoding',
])

/**
 * The head of an answer of HTTP/1.1, which `bytes` begin with; undefined while its end is missing,
 * `odd` when it is none of a plain answer: one whose content ends where its content-length says.
 *
 * Source: RFC 9112, sections 2 to 6.
 */
export function parseAnswerHead(bytes: Buffer): AnswerHead | 'odd' | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const status = /^HTTP\/1\.1 ([2-5]\d\d)(?: |$)/.exec(statusLine)?.[1]
  if (status === undefined) return 'odd'
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, field, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    if (field === undefined || value === undefined) return 'odd'
    const name = field.toLowerCase()
    const before = headers.get(name)
    if (before !== undefined && decisive.has(name)) return 'odd'
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  if (headers.has('transfer-encoding') || headers.has('content-encoding')) return 'odd'
  return { status: Number(status), headers, length: end + 4 }
}
