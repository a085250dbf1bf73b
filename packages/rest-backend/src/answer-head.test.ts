import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAnswerHead } from './answer-head.ts'

const parse = (text: string) => parseAnswerHead(Buffer.from(text, 'latin1'))

describe('the head of an answer', () => {
  it('is status and headers, whatever comes behind', () => {
    const token = fc.stringMatching(/^[A-Za-z][\w-]{0,9}$/)
    const value = fc.stringMatching(/^(?:[!-~](?:[ -~]{0,9}[!-~])?)?$/)
    const forbidden = ['transfer-encoding', 'content-encoding']
    const headers = fc
      .uniqueArray(fc.tuple(token, value), { selector: ([name]) => name.toLowerCase() })
      .filter((list) => list.every(([name]) => !forbidden.includes(name.toLowerCase())))
    const status = fc.integer({ min: 200, max: 599 })
    fc.assert(
      fc.property(status, fc.string(), headers, fc.uint8Array(), (code, reason, list, content) => {
        const words = reason.replaceAll(/[^ -~]/g, '')
        const lines = list.map(([name, text]) => `${name}:  ${text} \r\n`).join('')
        const head = Buffer.from(`HTTP/1.1 ${code} ${words}\r\n${lines}\r\n`)
        const parsed = parseAnswerHead(Buffer.concat([head, content]))
        const expected = list.map(([name, text]) => [name.toLowerCase(), text] as const)
        expect(parsed).toEqual({ status: code, headers: new Map(expected), length: head.length })
        for (let cut = 0; cut < head.length; cut += 7) {
          expect(parseAnswerHead(head.subarray(0, cut))).toBeUndefined()
        }
      }),
    )
  })

  it('joins headers that come twice', () => {
    const head = 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nVary: x\r\nset-cookie: b=2\r\n\r\n'
    expect(parse(head)).toMatchObject({
      headers: new Map([
        ['set-cookie', 'a=1, b=2'],
        ['vary', 'x'],
      ]),
    })
  })

  it.each([
    'HTTP/1.0 200 OK\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 2000\r\n\r\n',
    'ICY 200 OK\r\n\r\n',
    '\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 4\r\ncontent-length: 4\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length : 4\r\n\r\n',
    'HTTP/1.1 200 OK\r\n folded: 4\r\n\r\n',
    'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n',
  ])('is odd: %j', (text) => {
    expect(parse(text)).toBe('odd')
  })
})
