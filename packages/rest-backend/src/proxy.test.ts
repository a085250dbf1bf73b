import { describe, expect, it } from 'vitest'
import { proxyFor, proxyFromEnvironment } from './proxy.ts'
import { parseRestLocation } from './url.ts'

const at = (host: string) => parseRestLocation(`http://${host}:8000/`)

const proxied = async (url: string, noProxy: string) =>
  proxyFor(parseRestLocation(url), { httpProxy: 'p:81', httpsProxy: 'https://p', noProxy })

describe('proxyFor', () => {
  it.each([
    ['p:81', false, 'p', 81, {}],
    ['https://[::1]:9', true, '::1', 9, {}],
    ['http://p', false, 'p', 80, {}],
    ['http://me:a%40b@p', false, 'p', 80, { 'proxy-authorization': 'Basic bWU6YUBi' }],
    ['http://me:100%@p', false, 'p', 80, { 'proxy-authorization': 'Basic bWU6MTAwJQ==' }],
    ['http://:b@p', false, 'p', 80, { 'proxy-authorization': 'Basic OmI=' }],
  ])('reads %s', async (httpProxy, isTls, host, port, headers) => {
    const proxy = proxyFor(parseRestLocation('http://h/'), { httpProxy })
    expect(proxy).toEqual({ isTls, host, port, headers, servername: host === 'p' ? 'p' : '' })
  })

  it.each(['ftp://p', 'http://', ':'])('refuses %s without quoting it', async (httpProxy) => {
    const wanted = (async () => proxyFor(parseRestLocation('http://h/'), { httpProxy }))()
    await expect(wanted).rejects.toMatchObject({ reason: 'refused', message: /^[^:]*$/ })
  })

  it.each([
    ['http://a.example.org/', 'example.org'],
    ['http://example.org/', 'other, EXAMPLE.org'],
    ['http://a.example.org/', '.example.org'],
    ['http://a.example.org/', '*.example.org'],
    ['https://example.org/', 'example.org:443'],
    ['http://example.org:8000/', 'example.org:80 example.org:8000'],
    ['http://10.1.2.3/', '10.0.0.0/8'],
    ['http://10.1.2.3:8000/', '10.1.2.3:8000'],
    ['http://[::1]:8000/', '::1'],
    ['http://[::1]:8000/', '[::1]:8000'],
    ['http://[fd00::7]/', 'fd00::/8'],
    ['http://[fd00::1]/', 'fd00:0::1'],
    ['http://h/', '*'],
  ])('lets %s go directly for %s', async (url, noProxy) => {
    expect(await proxied(url, noProxy)).toBeUndefined()
  })

  it.each([
    ['http://example.org/', ''],
    ['http://example.org/', '.example.org'],
    ['http://anexample.org/', 'example.org'],
    ['http://example.org:8000/', 'example.org:80'],
    ['http://11.1.2.3/', '10.0.0.0/8'],
    ['http://10.1.2.3/', '10.0.0.0/99, 10.0.0.0/x, fd00::/8'],
    ['http://[::1]:8000/', '[::1]:80'],
  ])('takes the proxy to %s for %s', async (url, noProxy) => {
    expect(await proxied(url, noProxy)).toMatchObject({ host: 'p', port: 81 })
  })
})

describe('proxyFromEnvironment', () => {
  it.each([
    [{ HTTP_PROXY: 'upper', http_proxy: 'lower' }, 'upper'],
    [{ HTTP_PROXY: '', http_proxy: 'lower' }, 'lower'],
  ])('takes %s', async (environment, host) => {
    expect(proxyFor(at('h'), proxyFromEnvironment(environment))).toMatchObject({ host })
  })

  it.each(['localhost', '127.1.2.3', '[::1]', 'exempt'])('lets %s go directly', async (host) => {
    const options = proxyFromEnvironment({ http_proxy: 'p', no_proxy: 'exempt' })
    expect(proxyFor(at(host), options)).toBeUndefined()
    expect(proxyFor(at('h'), options)).toMatchObject({ host: 'p' })
  })
})
