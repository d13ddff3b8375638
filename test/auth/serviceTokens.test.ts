/** Services that identify themselves by tokens that they sign, where no mesh gives them certificates. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contract, service, t, type ServiceCaller } from 'tricube'
import { jwt, serviceTokens } from 'tricube/auth'
import { testSystem } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest'
import { ServiceSigner } from '../../src/auth/service/signer.ts'
import { startIssuer } from './issuer.ts'

const stock = contract('stock-service', {
  who: { route: 'GET /who', auth: 'service', returns: t.Object({ name: t.String(), id: t.String() }) },
  reserve: { route: 'POST /reservations', auth: 'service', callers: ['order-service'], returns: t.String() },
  both: { route: 'GET /both', auth: ['user', 'service'], returns: t.String() },
  mine: { route: 'GET /mine', auth: 'user', returns: t.String() },
  ping: { route: 'GET /ping', auth: 'public', returns: t.String() },
})
const seen = ({ request: { headers } }: { request: { headers: Record<string, unknown> } }): string =>
  ['authorization', 'x-service-token'].filter((name) => headers[name] !== undefined).join(' and ') || 'nothing'
const stockService = (keys: string, user = jwt({ issuer: 'https://id.example.com', keys: [] })) =>
  service(stock, {
    admission: false,
    trustProxy: '127.0.0.1',
    log: { level: 'silent' },
    auth: { service: serviceTokens({ keys }), user },
    handlers: {
      who(ctx) {
        expectTypeOf(ctx.service).toEqualTypeOf<ServiceCaller>()
        return ctx.service
      },
      reserve: (ctx) => `for ${ctx.service.name}`,
      both: (ctx) => `${ctx.user?.id} ${ctx.service?.name}, by ${seen(ctx as never)}`,
      mine: seen,
      ping: seen,
    },
  })

interface Pair {
  readonly privateKey: KeyObject
  readonly privatePem: string
  readonly publicPem: string
}

function pair(type: 'ec' | 'ed25519' = 'ec', namedCurve = 'P-256'): Pair {
  const { privateKey, publicKey } =
    type === 'ec' ? generateKeyPairSync('ec', { namedCurve }) : generateKeyPairSync('ed25519')
  return {
    privateKey,
    privatePem: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    publicPem: String(publicKey.export({ type: 'spki', format: 'pem' })),
  }
}

const own = pair()
const edwards = pair('ed25519')
const evil = pair()
let folder: string
let url: string
let stop: () => Promise<void>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tricube-keys-'))
  await writeFile(join(folder, 'order-service.pem'), own.publicPem)
  await writeFile(join(folder, 'mail-service.pem'), `${evil.publicPem}\n${edwards.publicPem}`)
  await writeFile(join(folder, 'README'), 'no key')
  const app = stockService(folder)
  ;({ url } = await app.listen())
  stop = () => app.close()
})
afterAll(async () => {
  await stop()
  await rm(folder, { recursive: true })
})

let senders = 0
/** Sends a token, from an address of its own. */
async function get(token: string, path = '/who', method = 'GET') {
  const from = `10.1.${senders >> 8}.${senders++ & 255}`
  const response = await fetch(url + path, { method, headers: { 'x-service-token': token, 'x-forwarded-for': from } })
  return { status: response.status, body: (await response.json()) as { data?: unknown; error?: string } }
}

const now = (): number => Math.floor(Date.now() / 1000)
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const thumbprint = ({ privateKey }: Pair): string => {
  const { crv, kty, x, y } = privateKey.export({ format: 'jwk' })
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}
const good = { iss: 'order-service', sub: 'order-service', aud: 'stock-service', iat: now(), exp: now() + 60 }

/** Signs anything, as ES256. */
function signed(claims: object = {}, header: object = {}, by: Pair = own): string {
  const head = { alg: 'ES256', kid: thumbprint(by), typ: 'service+jwt', ...header }
  const input = `${base64url(head)}.${base64url({ ...good, ...claims })}`
  const key = { key: by.privateKey, dsaEncoding: 'ieee-p1363' } as const
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
}

describe('a token of a service', () => {
  it('identifies it, by a key on P-256 or Ed25519, also while it has two', async () => {
    expect(await get(new ServiceSigner('order-service', own.privatePem).tokenFor('stock-service'))).toEqual({
      status: 200,
      body: { code: 0, data: { name: 'order-service', id: 'order-service' } },
    })
    for (const { privatePem } of [evil, edwards]) {
      const token = new ServiceSigner('mail-service', privatePem).tokenFor('stock-service')
      expect((await get(token)).body.data).toMatchObject({ name: 'mail-service' })
    }
  })

  it('is used for half a minute, and is another one for each service', () => {
    let at = Date.now()
    const signer = new ServiceSigner('order-service', own.privatePem, () => at)
    const first = signer.tokenFor('stock-service')
    expect(signer.tokenFor('mail-service')).not.toBe(first)
    at += 29_999
    expect(signer.tokenFor('stock-service')).toBe(first)
    at += 1
    expect(signer.tokenFor('stock-service')).not.toBe(first)
  })

  it('opens operations to their callers alone', async () => {
    expect(await get(signed(), '/reservations', 'POST')).toMatchObject({
      status: 200,
      body: { data: 'for order-service' },
    })
    const stranger = new ServiceSigner('mail-service', edwards.privatePem).tokenFor('stock-service')
    expect(await get(stranger, '/reservations', 'POST')).toMatchObject({
      status: 403,
      body: { error: 'service mail-service is not one of the services that may call it' },
    })
  })

  it.each<[string, () => string]>([
    ['nothing', () => ''],
    ['no JWT', () => 'order-service'],
    ['no signature', () => signed().split('.').slice(0, 2).join('.')],
    ['alg none', () => `${base64url({ alg: 'none', kid: thumbprint(own), typ: 'service+jwt' })}.${base64url(good)}.`],
    ['an empty signature', () => `${signed().split('.').slice(0, 2).join('.')}.`],
    [
      'a signature of zeros',
      () => `${signed().split('.').slice(0, 2).join('.')}.${Buffer.alloc(64).toString('base64url')}`,
    ],
    [
      'another payload',
      () =>
        signed()
          .split('.')
          .with(1, base64url({ ...good, iss: 'mail-service' }))
          .join('.'),
    ],
    ['the name of another service', () => signed({ iss: 'mail-service', sub: 'mail-service' })],
    ['the key of another service', () => signed({}, {}, evil)],
    ["the key of another service under the service's key id", () => signed({}, { kid: thumbprint(own) }, evil)],
    ['a key of its own in the header', () => signed({}, { jwk: evil.privateKey.export({ format: 'jwk' }) }, evil)],
    ['a service without a key', () => signed({ iss: 'admin-service', sub: 'admin-service' })],
    ['a service whose name is a path', () => signed({ iss: '../order-service', sub: '../order-service' })],
    ['the service __proto__', () => signed({ iss: '__proto__', sub: '__proto__' })],
    ['a list of services', () => signed({ iss: ['order-service'] })],
    ['another subject', () => signed({ sub: 'admin-service' })],
    ['another service to call', () => signed({ aud: 'payment-service' })],
    ['several services to call', () => signed({ aud: ['stock-service', 'payment-service'] })],
    ['no service to call', () => signed({ aud: undefined })],
    ['no expiry', () => signed({ exp: undefined })],
    ['no time', () => signed({ iat: undefined })],
    ['an hour to live', () => signed({ exp: now() + 3600 })],
    ['an hour to live, an hour ago', () => signed({ iat: now() - 3540, exp: now() + 60 })],
    ['an expiry that is past', () => signed({ iat: now() - 120, exp: now() - 60 })],
    ['a time in the future', () => signed({ iat: now() + 60, exp: now() + 120 })],
    ['a beginning in the future', () => signed({ nbf: now() + 60 })],
    ['the type of a user token', () => signed({}, { typ: 'at+jwt' })],
    ['no type', () => signed({}, { typ: undefined })],
    ['no key id', () => signed({}, { kid: undefined })],
    ['a key id that is a path', () => signed({}, { kid: '../order-service' })],
    ['a critical extension', () => signed({}, { crit: ['x'], x: 1 })],
    ['a payload without base64', () => signed({}, { b64: false, crit: ['b64'] })],
    ['HS256 with the public key', () => signed({}, { alg: 'HS256' })],
    ['more than 2 KiB', () => signed({ pad: 'x'.repeat(2048) })],
    ['two tokens', () => `${signed()}, ${signed()}`],
    ['the token of a test', () => `tricube-test:${base64url('order-service')}`],
  ])('is rejected with %s', async (_, token) => {
    const { status, body } = await get(token())
    expect([status, body.error]).toEqual([401, expect.stringMatching(/is invalid or has expired$/)])
  })

  it('is no token of a user, nor the other way round', async () => {
    const issuer = await startIssuer()
    const app = stockService(folder, jwt({ issuer: issuer.url, audience: ['note-service', 'stock-service'] }))
    onTestFinished(() => app.close())
    const { url: own } = await app.listen()
    const status = async (path: string, headers: Record<string, string>) =>
      (await fetch(own + path, { headers })).status
    const user = await issuer.sign()
    expect(await status('/mine', { authorization: `Bearer ${user}` })).toBe(200)
    expect(await status('/mine', { authorization: `Bearer ${signed()}` })).toBe(401)
    expect(await status('/mine', { 'x-service-token': signed() })).toBe(401)
    expect(await status('/who', { 'x-service-token': user })).toBe(401)
    expect(await status('/both', { 'x-service-token': signed() })).toBe(200)
    expect(await status('/both', { 'x-service-token': signed(), authorization: 'Bearer forged' })).toBe(401)
  })
})

describe('keys', () => {
  const copy = async (files: Record<string, string>) => {
    const own = await mkdtemp(join(tmpdir(), 'tricube-keys-'))
    onTestFinished(() => rm(own, { recursive: true, force: true }))
    for (const [name, text] of Object.entries(files)) await writeFile(join(own, name), text)
    return own
  }
  const start = async (keys: string) => {
    const app = stockService(keys)
    onTestFinished(() => app.close())
    const { url: at } = await app.listen()
    return async (by: Pair, more: object = {}) =>
      (await fetch(`${at}/who`, { headers: { 'x-service-token': signed(more, {}, by) } })).status
  }

  it('rotate without a restart: a new one is found with its first token, a removed one is gone', async () => {
    const next = pair()
    const keys = await copy({ 'order-service.pem': own.publicPem })
    const status = await start(keys)
    const replace = async (text: string) => {
      await writeFile(join(keys, 'next'), text)
      await rename(join(keys, 'next'), join(keys, 'order-service.pem'))
    }
    expect([await status(own), await status(next)]).toEqual([200, 401])
    await replace(`${own.publicPem}${next.publicPem}`)
    await expect.poll(() => status(next)).toBe(200)
    expect(await status(own)).toBe(200)
    await replace(next.publicPem)
    await expect.poll(() => status(evil).then(() => status(own))).toBe(401) // an unknown key makes it look
    expect(await status(next)).toBe(200)
  })

  it('stay when the files break', async () => {
    const keys = await copy({ 'order-service.pem': own.publicPem })
    const status = await start(keys)
    expect(await status(own)).toBe(200)
    await writeFile(join(keys, 'order-service.pem'), 'half a k')
    await expect.poll(() => status(evil)).toBe(401)
    expect(await status(own, { jti: 'new' })).toBe(200)
    await rm(join(keys, 'order-service.pem'))
    await rm(keys, { recursive: true })
    expect(await status(evil)).toBe(401)
    expect(await status(own, { jti: 'newer' })).toBe(200)
  })

  it.each([
    ['a folder that does not exist', undefined, /the public keys of services cannot be read from .*: ENOENT/],
    ['a file without a key', { 'a-service.pem': 'x' }, /a-service\.pem: expected public keys in PEM/],
    [
      'a private key',
      { 'a-service.pem': pair().privatePem },
      /a-service\.pem: expected public keys, got a private one/,
    ],
    ['another curve', { 'a-service.pem': pair('ec', 'P-384').publicPem }, /P-256 or Ed25519, got P-384/],
  ])('are not %s', async (_, files, message) => {
    const keys = files ? await copy(files) : join(tmpdir(), 'no-such-folder-of-keys')
    await expect(stockService(keys).listen()).rejects.toThrow(message)
  })

  it('are needed', async () => {
    const app = service(contract('a-service', { a: { route: 'GET /a', auth: 'service' } }), {
      log: { level: 'silent' },
      auth: { service: serviceTokens() },
      handlers: { a: () => {} },
    })
    await expect(app.listen()).rejects.toThrow(
      "auth.service of a-service needs the public keys of its callers: set SERVICE_KEYS_DIR, or serviceTokens({ keys: '/run/service-keys' })",
    )
    expect(() => serviceTokens({ keys: 1 as never })).toThrow(
      'serviceTokens: keys: expected the path of a folder, or its file URL, got 1',
    )
  })
})

describe('a service with a key', () => {
  const orders = contract(
    'order-service',
    { order: { route: 'GET /order', returns: t.Array(t.String()) } },
    { auth: 'user' },
  )
  const plain = contract('plain-service', { echo: { route: 'GET /echo', returns: t.String() } })
  const orderService = (user = jwt({ issuer: 'https://id.example.com', keys: [] })) =>
    service(orders, {
      admission: false,
      log: { level: 'silent' },
      clients: { stock, plain },
      auth: { user },
      handlers: {
        order: ({ clients: { stock: callee, plain: other } }) =>
          Promise.all([callee.reserve(), callee.both(), callee.mine(), callee.ping(), other.echo()]),
      },
    })

  it('sends a token to operations that ask for a service, and to no other', async () => {
    const issuer = await startIssuer()
    const file = join(folder, 'private-key')
    await writeFile(file, own.privatePem)
    const user = jwt({ issuer: issuer.url, audience: 'note-service' })
    const callee = stockService(folder, user)
    const other = service(plain, { log: { level: 'silent' }, handlers: { echo: seen } })
    onTestFinished(() => callee.close())
    onTestFinished(() => other.close())
    const ports = [await callee.listen(), await other.listen()].map(({ url: at }) => new URL(at).port)
    vi.stubEnv('SERVICE_KEY_FILE', file)
    vi.stubEnv('TRICUBE_SERVICES', `stock-service=127.0.0.1:${ports[0]},plain-service=127.0.0.1:${ports[1]}`)
    onTestFinished(() => void vi.unstubAllEnvs())
    const app = orderService(user)
    onTestFinished(() => app.close())
    const { url: at } = await app.listen()
    const response = await fetch(`${at}/order`, { headers: { authorization: `Bearer ${await issuer.sign()}` } })
    expect(await response.json()).toEqual({
      code: 0,
      data: [
        'for order-service',
        '7 order-service, by authorization and x-service-token',
        'authorization',
        'nothing',
        'nothing',
      ],
    })
  })

  it.each([
    ['no file', 'no-such-file', /SERVICE_KEY_FILE .* cannot be used: ENOENT/],
    ['a public key', own.publicPem, /SERVICE_KEY_FILE .* cannot be used: expected a private key in PEM/],
    [
      'a key of RSA',
      String(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })),
      /P-256 or Ed25519, got rsa/,
    ],
  ])('does not start with %s', async (_, text, message) => {
    const file = join(folder, 'wrong-key')
    if (text.includes('-----')) await writeFile(file, text)
    vi.stubEnv('SERVICE_KEY_FILE', text.includes('-----') ? file : text)
    onTestFinished(() => void vi.unstubAllEnvs())
    const started = orderService().listen()
    await expect(started).rejects.toThrow(message)
    await expect(started).rejects.not.toThrow(/MII/)
  })

  it('needs none in a system under test', async () => {
    await using system = await testSystem({
      orders: orderService(),
      stock: stockService(folder),
      plain: service(plain, { handlers: { echo: seen } }),
    })
    const { data } = await system.orders.as({ id: 7 }).client.order()
    expect(data).toEqual([
      'for order-service',
      '7 order-service, by authorization and x-service-token',
      'authorization',
      'nothing',
      'nothing',
    ])
  })
})
