// Services that call each other over TLS, over real sockets.
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { contract, service, t, type ServiceOptions } from 'tricube'
import { client, type ClientOptions } from 'tricube/client'
import { dnsRegistry, parseServices, staticRegistry } from 'tricube/discovery'
import { fakeConsul } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { nameServer } from '../discovery/nameServer.ts'
import { authority, type Certificate } from '../http/certificates.ts'
import { at, memoryRegistry, unusedAddress } from './callee.ts'

const cityService = contract('city-service', { whoAmI: { route: 'GET /who', returns: t.String() } })
const tripService = contract('trip-service', { whoAmI: { route: 'GET /who', returns: t.String() } })
const root = authority()
const city = root.sign('city')
const trip = root.sign('trip')

beforeEach(() => void vi.stubEnv('LOG_LEVEL', 'silent'))
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

/** Starts a city-service that returns the name in its caller's certificate, and returns its address. */
async function cities(tls?: ServiceOptions['tls']): Promise<string> {
  const app = service(cityService, {
    ...(tls && { tls }),
    handlers: {
      whoAmI: ({ request }) =>
        (request.raw.socket as TLSSocket).getPeerCertificate?.().subject?.CN?.toString() ?? 'no certificate',
    },
  })
  onTestFinished(() => app.close())
  return new URL((await app.listen()).url).host
}

/** Starts a trip-service that calls a city-service, and returns a function that resolves to the value or the error. */
async function trips(tls?: ServiceOptions['tls'], calls: ClientOptions = {}): Promise<() => Promise<string>> {
  const app = service(tripService, {
    ...(tls && { tls }),
    clients: { cities: cityService },
    calls: { cities: calls },
    handlers: { whoAmI: ({ clients }) => clients.cities.whoAmI() },
  })
  onTestFinished(() => app.close())
  await app.inject('/who')
  return async () => {
    const { data, error } = (await app.inject('/who')).json<{ data?: string; error?: string }>()
    return data ?? error!
  }
}

function caller(address: string, options: ClientOptions = {}) {
  const cities = client(cityService, { registry: staticRegistry({ 'city-service': [address] }), ...options })
  onTestFinished(() => cities[Symbol.asyncDispose]())
  return cities
}

const trusting = { tls: { ca: root.cert } }

describe('a service that calls another one over TLS', () => {
  it('trusts its ca, and presents its certificate', async () => {
    const address = await cities({ ...city, ca: root.cert, requestCert: true })
    vi.stubEnv('TRICUBE_SERVICES', `city-service=https://${address}`)
    const ask = await trips({ ...trip, ca: root.cert })
    expect(await ask()).toBe('trip')
  })

  it('needs no tls of its own if its calls have one', async () => {
    vi.stubEnv('TRICUBE_SERVICES', `city-service=https://${await cities(city)}`)
    expect(await (await trips(undefined, trusting))()).toBe('no certificate')
    expect(await (await trips())()).toBe('city-service has a certificate that is not trusted')
    const unknown = authority()
    expect(await (await trips({ ...unknown.sign('trip'), ca: unknown.cert }, trusting))()).toBe('no certificate')
  })

  it('learns from Consul that an instance speaks TLS', async () => {
    await using consul = await fakeConsul()
    vi.stubEnv('CONSUL_HTTP_ADDR', consul.url)
    await cities({ ...city, ca: root.cert, requestCert: true })
    const ask = await trips({ ...trip, ca: root.cert })
    await vi.waitFor(async () => expect(await ask()).toBe('trip'), 10_000)
    const [known] = (await (await fetch(`${consul.url}/v1/health/service/city-service`)).json()) as {
      Service: { Meta: object }
    }[]
    expect(known!.Service.Meta).toEqual({ secure: 'true' })
  })

  it('checks the certificate against the name that DNS resolved', async () => {
    const port = Number((await cities(root.sign('named', { hosts: ['city-service.prod'] }))).split(':')[1])
    const records = {
      'city-service.prod': [{ address: '127.0.0.1' }],
      '_http._tcp.city-service.prod': [{ name: 'node-7.prod', port }],
      'node-7.prod': [{ address: '127.0.0.1' }],
    }
    const { address: server } = await nameServer(records)
    for (const name of [`https://{service}.prod:${port}`, 'https://_http._tcp.{service}.prod']) {
      const registry = dnsRegistry({ name, servers: [server] })
      await using cities = client(cityService, { registry, ...trusting })
      expect(await cities.whoAmI()).toBe('no certificate')
    }
  })
})

describe('a client', () => {
  it('calls an instance at a URL, and presents its certificate', async () => {
    const address = await cities({ ...city, ca: root.cert, requestCert: true })
    const cities1 = caller(`https://${address}`, { tls: { ...trip, ca: root.cert } })
    expect(await cities1.whoAmI()).toBe('trip')
    expect(await cities1.whoAmI()).toBe('trip') // over the same connection
  })

  it('speaks HTTP/1.1 with a server that prefers HTTP/2', async () => {
    expect(await caller(`https://${await cities({ ...city, http2: true })}`, trusting).whoAmI()).toBe('no certificate')
  })

  it.each([
    ['its address', ['127.0.0.1']],
    ['the service', ['city-service']],
  ])('accepts a certificate for %s', async (_title, hosts) => {
    const address = await cities(root.sign('for', { hosts }))
    expect(await caller(`https://${address}`, trusting).whoAmI()).toBe('no certificate')
  })

  it.each<[string, Certificate, string]>([
    ['for another name', root.sign('other', { hosts: ['role-service', '127.0.0.2'] }), 'for another name'],
    ['that has expired', root.sign('old', { end: '250102000000Z' }), 'that has expired'],
    ['of an unknown authority', authority().sign('city'), 'that is not trusted'],
  ])('rejects a certificate %s', async (_title, files, problem) => {
    const call = caller(`https://${await cities(files)}`, trusting).whoAmI()
    await expect(call).rejects.toMatchObject({ code: 50300, error: `city-service has a certificate ${problem}` })
  })

  it('names the service that rejects its certificate or requires one', async () => {
    const address = await cities({ ...city, ca: root.cert, requestCert: true })
    const call = caller(`https://${address}`, trusting).whoAmI()
    const problem = 'city-service rejects the certificate of its caller, or requires one'
    await expect(call).rejects.toMatchObject({ code: 50300, error: problem })
  })

  it('names the service that does not speak TLS', async () => {
    const call = caller(`https://${await cities()}`, trusting).whoAmI()
    await expect(call).rejects.toMatchObject({ code: 50300, error: 'city-service does not speak TLS' })
  })

  it('calls another instance after a failed handshake, with any method', async () => {
    const create = contract('city-service', { addCity: { route: 'POST /cities', returns: t.String() } })
    const app = service(create, { tls: city, handlers: { addCity: () => 'added' } })
    onTestFinished(() => app.close())
    const good = new URL((await app.listen()).url).host
    const [expired, demanding] = await Promise.all([
      cities(root.sign('old', { end: '250102000000Z' })),
      cities({ ...city, ca: root.cert, requestCert: true }),
    ])
    for (const bad of [expired, demanding, await unusedAddress()]) {
      const registry = memoryRegistry(...[bad, good].map((address) => at(address, { secure: true })))
      for (let i = 0; i < 5; i++) {
        await using cities = client(create, { registry, ...trusting })
        expect(await cities.addCity()).toBe('added')
      }
    }
  })

  it('names the file that it cannot read, and reads it once it exists', async () => {
    const ca = join(root.folder, 'later.crt')
    const cities1 = caller(`https://${await cities(city)}`, { tls: { ca }, ejection: false, breaker: false })
    const error: Error = (await cities1.whoAmI().catch((thrown: Error) => thrown)) as Error
    expect((error.cause as Error).message).toMatch('tls.ca cannot be read: ENOENT')
    copyFileSync(root.cert, ca)
    expect(await cities1.whoAmI()).toBe('no certificate')
    expect(() => caller('127.0.0.1:1', { tls: { cert: city.cert } })).toThrow('tls.cert and tls.key need each other')
  })

  it('uses new certificates from the next connection on', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const folder = join(root.folder, 'caller')
    mkdirSync(folder)
    const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), ca: join(folder, 'ca.crt') }
    const put = ({ cert, key }: Certificate): void => {
      copyFileSync(cert, files.cert)
      copyFileSync(key, files.key)
    }
    put(trip)
    copyFileSync(root.cert, files.ca)
    const address = await cities({ ...city, ca: root.cert, requestCert: true })
    // Another address is another connection.
    const registry = memoryRegistry(at(address, { secure: true }))
    await using cities1 = client(cityService, { registry, tls: files })
    expect(await cities1.whoAmI()).toBe('trip')

    put(root.sign('renewed'))
    await expect
      .poll(async () => {
        vi.advanceTimersByTime(10_000)
        registry.set(at(address, { secure: true, address: '127.0.0.1' }))
        registry.set(at(address, { secure: true, address: 'localhost' }))
        return cities1.whoAmI()
      })
      .toBe('renewed')
  })
})

it('parseServices accepts URLs', () => {
  const known = (text: string): unknown => {
    let seen: unknown
    staticRegistry(parseServices(text)).watch('a', (instances) => (seen = instances))
    return seen
  }
  expect(known('a=https://b.example:8443,a=https://b.example/,a=http://b.example,a=https://[::1]:1')).toMatchObject([
    { address: 'b.example', port: 8443, secure: true },
    { address: 'b.example', port: 443, secure: true },
    { address: 'b.example', port: 80 },
    { address: '::1', port: 1, secure: true },
  ])
  for (const text of ['a=ftp://b:1', 'a=https://b:1/c', 'a=https://u@b:1', 'a=https://', 'a=b', 'a=https://b:70000']) {
    expect(() => parseServices(text), text).toThrow(TypeError)
  }
})
