import { describe, expect, it } from 'vitest'
import { StuckError } from './exchange.ts'
import { noAnswerError } from './errors.ts'

const origin = 'https://host:8000'
const way = { origin }

describe('noAnswerError', () => {
  it.each([
    ['ENOTFOUND', false, 'name of the server', 'network'],
    ['EAI_AGAIN', false, 'name of the server', 'name server'],
    ['ECONNREFUSED', false, 'refused', 'port'],
    ['ETIMEDOUT', false, 'timed out', undefined],
    ['EHOSTUNREACH', false, 'cannot be reached', 'network'],
    ['ECONNRESET', false, 'was cut', undefined],
    ['EPIPE', false, 'was cut', undefined],
    ['HPE_INVALID_CONSTANT', false, 'was cut', undefined],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', true, 'cannot be verified', '--cacert'],
    ['SELF_SIGNED_CERT_IN_CHAIN', true, 'cannot be verified', '--cacert'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', true, 'cannot be verified', '--cacert'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', true, 'cannot be verified', '--cacert'],
    ['CERT_HAS_EXPIRED', true, 'cannot be verified', '--cacert'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', true, 'cannot be verified', 'right server'],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', true, 'client certificate', '--tls-client-cert'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', true, 'client certificate', '--tls-client-cert'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', true, 'does not speak TLS', 'https or http'],
    ['EPROTO', true, 'does not speak TLS', 'https or http'],
  ] as const)('tells %s', (code, permanent, text, hint) => {
    const cause = Object.assign(new Error('low-level'), { code })
    const error = noAnswerError('read pack/0123456789', way, cause)
    expect(error).toMatchObject({ code: 'BACKEND', reason: 'unavailable', permanent, cause })
    expect(error.message).toContain(`read pack/0123456789 at ${origin}: `)
    expect(error.message).toContain(text)
    expect(error.hint ?? '').toContain(hint ?? '')
  })

  it('takes a request without progress for one that may work next time', () => {
    const error = noAnswerError('list index', way, new StuckError(300_000))
    expect(error).toMatchObject({ reason: 'unavailable', permanent: false })
    expect(error.message).toBe(`list index at ${origin}: no data was transferred for 300 seconds`)
  })
})
