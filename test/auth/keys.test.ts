/** The keys of an issuer: rotation, outages, hanging, and floods of unknown key ids. */
import { contract, service, t } from 'tricube'
import { jwt, type JwtOptions } from 'tricube/auth'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { IssuerKeys, KeysUnavailable } from '../../src/auth/jwt/issuerKeys.ts'
import { VirtualClock } from '../discovery/virtualClock.ts'
import { issuerKey, startIssuer, type TestIssuer } from './issuer.ts'

const hour = 3_600_000

/** The keys of an issuer on a virtual clock, fetched for the first time. */
async function fetched(issuer: TestIssuer, options: { jwksUrl?: string } = {}) {
  const clock = new VirtualClock()
  const onChange = vi.fn()
  const log = { warn: vi.fn(), info: vi.fn() }
  const keys = new IssuerKeys({ issuer: issuer.url, ...options }, { clock, log, onChange })
  onTestFinished(() => keys.close())
  keys.start()
  await expect.poll(() => clock.waiting).toBe(1) // the first fetch is over
  /** Lets the pause in the background pass, and waits for the fetch after it. */
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms)
    await expect.poll(() => clock.waiting).toBe(1)
  }
  const has = async (kid: string): Promise<boolean> => (await keys.candidates({ alg: 'ES256', kid })).length > 0
  return { clock, keys, onChange, log, pass, has }
}

describe('the keys of an issuer', () => {
  it('are found by discovery, and fetched again within ten minutes', async () => {
    const issuer = await startIssuer()
    const { has, pass } = await fetched(issuer)
    expect([await has(issuer.keys[0]!.kid), issuer.fetches]).toEqual([true, 1])
    await pass(10 * 60_000)
    expect(issuer.fetches).toBe(2)
  })

  it('are fetched from jwksUrl without discovery', async () => {
    const issuer = await startIssuer()
    issuer.mode = 'other issuer' // which discovery would reject
    const { has } = await fetched(issuer, { jwksUrl: `${issuer.url}/jwks` })
    expect(await has(issuer.keys[0]!.kid)).toBe(true)
  })

  it('include a new one at once, with one fetch for all who ask', async () => {
    const issuer = await startIssuer()
    const { has, onChange } = await fetched(issuer)
    const { kid: old } = issuer.keys[0]!
    const { kid } = await issuer.rotate()
    expect(await Promise.all(Array.from({ length: 50 }, () => has(kid)))).toEqual(
      Array.from({ length: 50 }, () => true),
    )
    expect([issuer.fetches, onChange.mock.calls.length]).toEqual([2, 2])
    expect(await has(old)).toBe(false) // removed keys are gone at once
  })

  it('cause at most one fetch in 30 s for 10,000 unknown key ids, and good ones pass', async () => {
    const issuer = await startIssuer()
    const { has, clock } = await fetched(issuer)
    const { kid } = issuer.keys[0]!
    const before = issuer.fetches
    for (let second = 0; second < 60; second++) {
      const random = Array.from({ length: 167 }, (_, i) => has(`random-${second}-${i}`))
      expect(await has(kid)).toBe(true)
      expect(new Set(await Promise.all(random))).toEqual(new Set([false]))
      await clock.advance(1000)
    }
    expect(issuer.fetches - before).toBe(2) // 10,020 tokens in a minute
  })

  it('are fetched by the background alone while none are known: 10,000 unknown key ids add no fetch', async () => {
    const issuer = await startIssuer()
    issuer.mode = 'down'
    const { has, clock, pass } = await fetched(issuer)
    const before = issuer.requests
    for (let second = 0; second < 60; second++) {
      const random = Array.from({ length: 167 }, (_, i) => has(`random-${second}-${i}`))
      for (const { status } of await Promise.allSettled(random)) expect(status).toBe('rejected')
      await clock.advance(1000)
    }
    expect(issuer.requests - before).toBeLessThanOrEqual(60 / 0.5)
    const { kid } = issuer.keys[0]!
    issuer.mode = 'good'
    await pass(5000) // nobody waits longer once the issuer is back
    expect(await has(kid)).toBe(true)
  })

  it('of which one cannot be used leave the others, and identify nobody', async () => {
    const issuer = await startIssuer()
    const broken = { ...issuer.keys[0]!.publicJwk, kid: 'broken', x: 'AAAA' }
    issuer.keys.push({ ...issuer.keys[0]!, kid: 'broken', publicJwk: broken })
    const { has } = await fetched(issuer)
    expect([await has('broken'), await has(issuer.keys[0]!.kid)]).toEqual([false, true])
  })

  it.each(['down', 'hangs', 'redirects', 'huge'] as const)('outlive an issuer that is or does: %s', async (mode) => {
    const issuer = await startIssuer()
    const { has, clock, log } = await fetched(issuer)
    const { kid } = issuer.keys[0]!
    issuer.mode = mode
    await clock.advance(10 * 60_000)
    const began = performance.now()
    expect(await has(kid)).toBe(true)
    expect(performance.now() - began).toBeLessThan(1000) // it waits for no issuer
    if (mode !== 'hangs') await expect.poll(() => log.warn.mock.calls.length).toBe(1)
  })

  it('are kept for 24 h of an outage, and no longer', async () => {
    const issuer = await startIssuer()
    const { has, keys, clock, pass, log } = await fetched(issuer)
    const { kid } = issuer.keys[0]!
    issuer.mode = 'down'
    while (clock.now() < 24 * hour - 60_000) await pass(hour / 2)
    expect(await has(kid)).toBe(true)
    await pass(hour)
    await expect(has(kid)).rejects.toThrow(KeysUnavailable)
    expect(keys.problem).toBe(`the keys of ${issuer.url} are not known`)
    expect(log.warn).toHaveBeenCalledTimes(1) // not once for each attempt
    issuer.mode = 'good'
    await pass(60_000)
    expect(await has(kid)).toBe(true)
    expect(log.info).toHaveBeenCalledTimes(1)
  })

  it.each([
    ['other issuer', 'its discovery document names another issuer: "https://evil.example"'],
    ['down', /responded with 503$/],
    ['redirects', /redirect/],
    ['huge', /responded with more than 524288 bytes|responded with no JSON/],
  ] as const)('are not taken from a wrong source: %s', async (mode, reason) => {
    const issuer = await startIssuer()
    issuer.mode = mode
    const { has, log } = await fetched(issuer)
    await expect(has('any')).rejects.toThrow(KeysUnavailable)
    expect(log.warn.mock.calls[0]![0]).toEqual({ issuer: issuer.url, reason: expect.stringMatching(reason) })
  })

  it('are gone when the issuer has removed them all', async () => {
    const issuer = await startIssuer()
    const { has, pass } = await fetched(issuer)
    const { kid } = issuer.keys.splice(0)[0]!
    await pass(10 * 60_000)
    expect(await has(kid)).toBe(false)
  })

  it('are not more than a hundred', async () => {
    const issuer = await startIssuer()
    issuer.keys.push(...Array.from({ length: 100 }, () => issuer.keys[0]!))
    const { log } = await fetched(issuer)
    expect(log.warn.mock.calls[0]![0]).toMatchObject({ reason: 'it has more than 100 keys' })
  })

  it('of which several have no id are tried in turn, but only four', async () => {
    const issuer = await startIssuer()
    issuer.keys.splice(0, 1, ...(await Promise.all(Array.from({ length: 6 }, () => issuerKey()))))
    const { keys } = await fetched(issuer)
    expect(await keys.candidates({ alg: 'ES256' })).toHaveLength(4)
  })
})

const notes = contract('note-service', { getNote: { route: 'GET /note', returns: t.String() } }, { auth: 'user' })

async function listening(options: JwtOptions) {
  const app = service(notes, {
    admission: false,
    log: { level: 'silent' },
    auth: { user: jwt(options) },
    handlers: { getNote: ({ user }) => user.id },
  })
  onTestFinished(() => app.close())
  const { url } = await app.listen()
  const get = (token: string) => fetch(`${url}/note`, { headers: { authorization: `Bearer ${token}` } })
  return { url, get }
}

describe('a service', () => {
  it('starts and is ready while its issuer hangs, and verifies tokens once it responds', async () => {
    const issuer = await startIssuer()
    issuer.mode = 'hangs'
    const { url, get } = await listening({ issuer: issuer.url })
    const ready = await fetch(`${url}/health/ready`)
    expect([ready.status, await ready.json()]).toMatchObject([
      200,
      { checks: { 'auth user': `the keys of ${issuer.url} are not known` } },
    ])
    const waiting = get(await issuer.sign()) // for the first fetch, which fails after 5 s
    issuer.mode = 'good'
    const { status, headers } = await waiting
    expect([status, headers.get('retry-after')]).toEqual([503, '1'])
    await expect.poll(async () => (await get(await issuer.sign())).status).toBe(200)
  })

  it('fails no good request while the issuer rotates its keys, hangs and goes away', async () => {
    const issuer = await startIssuer()
    const { get } = await listening({ issuer: issuer.url })
    const statuses: number[] = []
    let isOver = false
    const load = Array.from({ length: 4 }, async (_, n) => {
      for (let i = 0; !isOver; i++) {
        const token = await issuer.sign({ claims: { jti: `${n}-${i}` } })
        statuses.push((await get(token)).status)
      }
    })
    const enough = async (count: number) => {
      await expect.poll(() => statuses.length).toBeGreaterThan(count)
    }
    await enough(50)
    // A good issuer shows a key before it signs with it.
    const next = await issuerKey()
    const old = issuer.keys[0]!
    issuer.keys.splice(0, 1, next, old)
    await enough(statuses.length + 50)
    for (const mode of ['hangs', 'down', 'good'] as const) {
      issuer.mode = mode
      await enough(statuses.length + 50)
    }
    isOver = true
    await Promise.all(load)
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(issuer.fetches).toBeLessThanOrEqual(2)
  })

  it('rejects a cached token once the issuer has removed its key', async () => {
    const issuer = await startIssuer()
    const { get } = await listening({ issuer: issuer.url })
    const token = await issuer.sign()
    expect([(await get(token)).status, (await get(token)).status]).toEqual([200, 200])
    await issuer.rotate()
    expect((await get(await issuer.sign())).status).toBe(200) // its unknown key makes the service look
    expect((await get(token)).status).toBe(401)
  })

  it('needs an issuer', async () => {
    const app = service(notes, { log: { level: 'silent' }, auth: { user: jwt() }, handlers: { getNote: () => '' } })
    await expect(app.listen()).rejects.toThrow(
      "auth.user of note-service needs an issuer: set AUTH_ISSUER, or jwt({ issuer: 'https://…' })",
    )
  })

  it('takes the issuer and the audience from its configuration', async () => {
    const issuer = await startIssuer()
    vi.stubEnv('AUTH_ISSUER', issuer.url)
    vi.stubEnv('AUTH_AUDIENCE', 'notes')
    onTestFinished(() => void vi.unstubAllEnvs())
    const app = service(notes, {
      log: { level: 'silent' },
      auth: { user: jwt() },
      handlers: { getNote: ({ user }) => user.id },
    })
    onTestFinished(() => app.close())
    const { url } = await app.listen()
    const get = async (aud: string) =>
      fetch(`${url}/note`, { headers: { authorization: `Bearer ${await issuer.sign({ claims: { aud } })}` } })
    expect([(await get('notes')).status, (await get('note-service')).status]).toEqual([200, 401])
  })
})

describe('jwt', () => {
  it.each<[string, JwtOptions[], string]>([
    [
      'an unknown option',
      [{ isuer: 'https://id.example' } as JwtOptions],
      'jwt: unknown option isuer, expected algorithms, audience, insecure, issuer, jwksUrl, keys, scopes, secret, tenant; did you mean issuer?',
    ],
    [
      'an issuer that is no URL',
      [{ issuer: 'id.example' }],
      'jwt: issuer: expected a URL like https://id.example.com, got "id.example"',
    ],
    [
      'an issuer without TLS',
      [{ issuer: 'http://id.example' }],
      'jwt: http://id.example has no TLS, so anyone in between can forge tokens: use https, or set insecure: true in a network that you trust',
    ],
    [
      'keys without TLS',
      [{ issuer: 'https://id.example', jwksUrl: 'http://id.example/jwks' }],
      'jwt: http://id.example/jwks has no TLS, so anyone in between can forge tokens: use https, or set insecure: true in a network that you trust',
    ],
    [
      'a short secret, which is not shown',
      [{ secret: 'hunter2' }],
      'jwt: secret: expected a secret of at least 32 bytes',
    ],
    [
      'an algorithm with a secret',
      [{ algorithms: ['HS256' as never] }],
      'jwt: algorithms[0]: expected one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519, got "HS256"',
    ],
    ['no algorithms', [{ algorithms: [] }], 'jwt: algorithms: expected at least one'],
    [
      'algorithms beside a secret',
      [{ secret: 'x'.repeat(32), algorithms: ['ES256'] }],
      'jwt: a secret works with HS256 alone, remove algorithms',
    ],
    [
      'two sources of keys',
      [{ secret: 'x'.repeat(32), keys: [] }],
      'jwt: keys and secret exclude each other, choose one source of keys',
    ],
    [
      'a private key',
      [{ issuer: 'https://id.example', keys: [{ kty: 'EC', d: 'x' }] }],
      'jwt: keys: expected public keys, got a private one: anyone who has it can forge tokens',
    ],
    [
      'the same issuer twice',
      [{ issuer: 'https://id.example' }, { issuer: 'https://id.example' }],
      'jwt: issuer "https://id.example" is there twice',
    ],
    [
      'several issuers of which one has no name',
      [{ issuer: 'https://id.example' }, {}],
      'jwt: each of several issuers needs its issuer',
    ],
    ['no audiences', [{ audience: [] }], 'jwt: audience: expected at least one'],
    [
      'an empty audience',
      [{ audience: '' }],
      'jwt: audience: expected the name of an audience, or a list of audiences, got ""',
    ],
  ])('rejects %s', (_, options, message) => {
    expect(() => jwt(...options)).toThrow(new TypeError(message))
  })

  it.each(['http://localhost:8080/realms/shop', 'http://127.0.0.1:8080', 'http://[::1]:8080', 'http://id.localhost'])(
    'accepts an issuer on this machine: %s',
    (issuer) => void jwt({ issuer }),
  )
})
