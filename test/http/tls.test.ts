import { readFileSync, renameSync, symlinkSync, mkdirSync, copyFileSync, writeFileSync } from 'node:fs'
import { request, type RequestOptions } from 'node:https'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { connect } from 'node:net'
import { contract, service, t, type ServiceOptions } from 'tricube'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { authority } from './certificates.ts'
import { closed } from './socket.ts'

const pings = contract('ping-service', { ping: { route: 'GET /ping', returns: t.String() } })
const root = authority()
const server = root.sign('server')
const ca = readFileSync(root.cert)

const open: { close(): Promise<void> }[] = []
beforeEach(() => void vi.stubEnv('LOG_LEVEL', 'silent'))
afterEach(async () => {
  vi.useRealTimers()
  for (const app of open.splice(0)) await app.close()
})

async function listen(
  tls: ServiceOptions['tls'],
  rest: Partial<ServiceOptions<typeof pings.operations, {}>> = {},
): Promise<URL> {
  const app = service(pings, {
    ...rest,
    ...(tls && { tls }),
    handlers: {
      ping: ({ request: { raw } }) =>
        (raw.socket as TLSSocket).getPeerCertificate().subject?.CN?.toString() ?? 'no certificate',
    },
  })
  open.push(app)
  return new URL((await app.listen()).url)
}

interface TestResponse {
  readonly status: number | undefined
  readonly headers: NodeJS.Dict<string | string[]>
  readonly data: string
  /** Common name of the server's certificate. */
  readonly name: string
}

/** Sends a request on a new connection. */
function get(url: URL, options: RequestOptions = {}): Promise<TestResponse> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL('/ping', url), { ca, agent: false, ...options }, (response) => {
      const name = String((response.socket as TLSSocket).getPeerCertificate().subject.CN)
      let text = ''
      response.on('data', (data) => (text += data))
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, data: JSON.parse(text).data as string, name })
      })
    })
    sent.on('error', reject)
    sent.end()
  })
}

describe('a service with tls', () => {
  it('serves HTTPS and sends strict-transport-security', async () => {
    const url = await listen(server)
    expect(url.protocol).toBe('https:')
    const { status, headers, data } = await get(url)
    expect([status, data]).toEqual([200, 'no certificate'])
    expect(headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains')
  })

  it('rejects malformed requests', async () => {
    const url = await listen(server)
    await expect(get(url, { headers: { host: 'a, b' }, servername: 'localhost' })).resolves.toMatchObject({
      status: 400,
    })
  })

  it('closes connections without a handshake and connections without TLS', async () => {
    const url = await listen(server, { limits: { headersTimeoutMs: 50 } })
    await closed(connect(Number(url.port), '127.0.0.1'))
    const plain = connect(Number(url.port), '127.0.0.1', () => plain.write('GET /ping HTTP/1.1\r\nhost: a\r\n\r\n'))
    await closed(plain)
  })

  it('accepts only client certificates of its ca with requestCert', async () => {
    const url = await listen({ ...server, ca: root.cert, requestCert: true })
    const caller = root.sign('caller')
    const identity = { cert: readFileSync(caller.cert), key: readFileSync(caller.key) }
    expect((await get(url, identity)).data).toBe('caller')
    await expect(get(url)).rejects.toThrow()
    const unknownClient = authority().sign('unknownClient')
    await expect(
      get(url, { cert: readFileSync(unknownClient.cert), key: readFileSync(unknownClient.key) }),
    ).rejects.toThrow()
  })

  it('does not start without its files or with requestCert but no ca', async () => {
    await expect(listen({ cert: '/nowhere/a.crt', key: server.key })).rejects.toThrow('tls.cert cannot be read: ENOENT')
    await expect(listen({ cert: server.cert, key: root.key })).rejects.toThrow('tls.cert and tls.key cannot be used')
    await expect(listen({ ...server, requestCert: true })).rejects.toThrow('tls.requestCert needs tls.ca')
  })

  it('reloads certificates as Kubernetes and certbot replace them, and keeps the old ones while the new are broken', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const folder = join(root.folder, 'mounted')
    const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
    mkdirSync(folder)
    const put = (name: string): void => {
      const { cert: from, key: keyFrom } = root.sign(name)
      mkdirSync(join(folder, name))
      copyFileSync(from, join(folder, name, 'tls.crt'))
      copyFileSync(keyFrom, join(folder, name, 'tls.key'))
    }
    const swap = (target: string, link: string): void => {
      symlinkSync(target, join(folder, 'new'))
      renameSync(join(folder, 'new'), join(folder, link))
    }
    put('first')
    swap('first', '..data')
    swap('..data/tls.crt', 'tls.crt')
    swap('..data/tls.key', 'tls.key')
    const url = await listen({ cert, key })
    const nameAfterCheck = async (): Promise<string> => {
      vi.advanceTimersByTime(10_000)
      return (await get(url)).name
    }
    expect(await nameAfterCheck()).toBe('first')

    put('second')
    swap('second', '..data') // Kubernetes
    await expect.poll(nameAfterCheck).toBe('second')

    put('third')
    const before = 'second'
    swap('third/tls.crt', 'tls.crt') // certbot, between its two links
    for (let i = 0; i < 5; i++) expect(await nameAfterCheck()).toBe(before)
    swap('third/tls.key', 'tls.key')
    await expect.poll(nameAfterCheck).toBe('third')

    writeFileSync(join(folder, 'third', 'tls.crt'), 'no certificate')
    for (let i = 0; i < 5; i++) expect(await nameAfterCheck()).toBe('third')
  })
})
