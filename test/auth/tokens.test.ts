/** Tokens that attackers send, to a service that listens: each is a 401 without a word about the check that failed. */
import { createHmac, generateKeyPairSync, KeyObject, sign as signBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { exportSPKI, importJWK, SignJWT, UnsecuredJWT, type CryptoKey } from 'jose'
import fc from 'fast-check'
import { contract, service, t } from 'tricube'
import { jwt } from 'tricube/auth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claimsOf, issuerKey, type IssuerKey } from './issuer.ts'

const notes = contract(
  'note-service',
  { whoAmI: { route: 'GET /me', returns: t.Object({ id: t.String(), scopes: t.Array(t.String()) }) } },
  { auth: 'user' },
)

const issuer = 'https://id.example.com'
const rsaIssuer = 'https://rsa.example.com'
const secretIssuer = 'https://secret.example.com'
const secret = 'a secret that is long enough for HS256'

let key: IssuerKey
let other: IssuerKey
let rsa: IssuerKey
let evil: IssuerKey
let url: string
let close: () => Promise<void>

beforeAll(async () => {
  ;[key, other, rsa, evil] = await Promise.all([
    issuerKey('ES256', 'main'),
    issuerKey('ES256', 'other'),
    issuerKey('RS256', 'rsa'),
    issuerKey('ES256', 'evil'),
  ])
  const app = service(notes, {
    admission: false,
    trustProxy: '127.0.0.1',
    log: { level: 'silent' },
    auth: {
      user: jwt(
        { issuer, audience: 'note-service', algorithms: ['ES256'], keys: [key.publicJwk, other.publicJwk] },
        { issuer: rsaIssuer, audience: ['note-service', 'api'], keys: [rsa.publicJwk] },
        { issuer: secretIssuer, audience: 'note-service', secret },
      ),
    },
    handlers: { whoAmI: ({ user: { id, scopes } }) => ({ id, scopes: [...scopes] }) },
  })
  ;({ url } = await app.listen())
  close = () => app.close()
})
afterAll(() => close())

const now = (): number => Math.floor(Date.now() / 1000)
const good = claimsOf(issuer)
const base64url = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** Signs any claims under any header, as ES256 in the format of JWS. */
function signed(claims: unknown, header: object = {}, by: () => IssuerKey = () => key): string {
  const input = `${base64url({ alg: 'ES256', kid: by().kid, typ: 'at+jwt', ...header })}.${base64url(claims)}`
  return `${input}.${es256(input, by())}`
}

/** A signature in the format of JWS. */
function es256(input: string, { privateKey }: IssuerKey): string {
  const by = { key: KeyObject.from(privateKey), dsaEncoding: 'ieee-p1363' } as const
  return signBytes('sha256', Buffer.from(input), by).toString('base64url')
}

function without(...names: (keyof typeof good)[]): string {
  const claims: Record<string, unknown> = { ...good }
  for (const name of names) delete claims[name]
  return signed(claims)
}
const withClaims = (claims: object) => signed({ ...good, ...claims })
const hmac = (input: string, by: string | Buffer): string => createHmac('sha256', by).update(input).digest('base64url')

let senders = 0

/** Sends exactly these headers, from an address of its own: one that forges many tokens gets a 429. */
function send(headers: readonly string[], path = '/me'): Promise<{ status: number; challenge: string; body: string }> {
  return new Promise((resolve, reject) => {
    const { host, port } = new URL(url)
    const from = ['host', host, 'x-forwarded-for', `10.0.${senders >> 8}.${senders++ & 255}`]
    httpRequest({ host: host.split(':')[0], port, path, headers: [...from, ...headers] as never }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += String(chunk)))
      response.on('end', () =>
        resolve({ status: response.statusCode!, challenge: response.headers['www-authenticate'] ?? '', body }),
      )
    })
      .on('error', reject)
      .end()
  })
}
const bearer = (token: string) => send(['authorization', `Bearer ${token}`])

describe('accepts', () => {
  const accepted: readonly (readonly [string, () => string | Promise<string>])[] = [
    ['a good token', () => signed(good)],
    ['one of several audiences', () => withClaims({ aud: ['billing', 'note-service'] })],
    ['the type JWT', () => signed(good, { typ: 'JWT' })],
    ['the type application/at+jwt', () => signed(good, { typ: 'application/at+jwt' })],
    ['no type', () => signed(good, { typ: undefined })],
    ["Cognito's access token", () => signed({ ...good, token_use: 'access' }, { typ: undefined })],
    ["Keycloak's access token", () => signed({ ...good, typ: 'Bearer', nonce: 'n' }, { typ: 'JWT' })],
    ['no key id, if one of the keys fits', () => signed(good, { kid: undefined }, () => other)],
    ['a token that expired less than 30 s ago', () => withClaims({ exp: now() - 10 })],
    ['a token that begins in less than 30 s', () => withClaims({ nbf: now() + 10 })],
    ['a subject in another script', () => withClaims({ sub: '李雷-Zoë' })],
    ["Okta's list of scopes", () => withClaims({ scope: undefined, scp: ['notes:read'] })],
    [
      'a jku beside a key of the issuer, which nobody fetches',
      () => signed(good, { jku: 'https://evil.example/jwks' }),
    ],
    [
      'the second issuer and its second audience',
      () =>
        new SignJWT({ ...good, iss: rsaIssuer, aud: 'api' }).setProtectedHeader({ alg: 'RS256' }).sign(rsa.privateKey),
    ],
    [
      'the issuer with a secret',
      () => {
        const input = `${base64url({ alg: 'HS256' })}.${base64url({ ...good, iss: secretIssuer })}`
        return `${input}.${hmac(input, secret)}`
      },
    ],
  ]
  it.each(accepted)('%s', async (_, token) => {
    expect(await bearer(await token())).toMatchObject({ status: 200 })
  })

  it('any case of the scheme, and spaces behind it', async () => {
    for (const value of [`bearer ${signed(good)}`, `BEARER ${signed(good)}`, `Bearer   ${signed(good)}`])
      expect((await send(['authorization', value])).status).toBe(200)
  })

  it('and reads subject and scopes', async () => {
    const { body } = await bearer(signed({ ...good, scp: 'admin' }))
    expect(JSON.parse(body)).toEqual({ code: 0, data: { id: '7', scopes: ['notes:read', 'notes:write', 'admin'] } })
  })
})

const parts = (token: string) => token.split('.') as [string, string, string]
const replaced = (token: string, at: 0 | 1 | 2, by: string): string => parts(token).with(at, by).join('.')

/** The tokens that must be a 401 with `invalid_token`. */
const hostile: readonly (readonly [string, () => string | Promise<string>])[] = [
  // no signature
  ['alg none', () => new UnsecuredJWT(good).encode()],
  ['alg none with a signature', () => `${base64url({ alg: 'none' })}.${base64url(good)}.${base64url('x')}`],
  ['alg None', () => `${base64url({ alg: 'None' })}.${base64url(good)}.`],
  ['alg NONE with the signature of another token', () => replaced(signed(good), 0, base64url({ alg: 'NONE' }))],
  ['alg nOnE', () => `${base64url({ alg: 'nOnE' })}.${base64url(good)}.${base64url('x')}`],
  ['no alg', () => replaced(signed(good), 0, base64url({ kid: 'main' }))],
  ['an alg that is no text', () => replaced(signed(good), 0, base64url({ alg: ['ES256'] }))],
  ['an alg with a space', () => replaced(signed(good), 0, base64url({ alg: 'ES256 ', kid: 'main' }))],
  ['an alg named like a method', () => replaced(signed(good), 0, base64url({ alg: 'constructor', kid: 'main' }))],
  ['a stripped signature', () => parts(signed(good)).slice(0, 2).join('.')],
  ['an empty signature', () => replaced(signed(good), 2, '')],
  [
    'a signature of zeros, which broken libraries accept',
    () => replaced(signed(good), 2, Buffer.alloc(64).toString('base64url')),
  ],
  ['a signature in DER', () => derSigned(good)],
  ['a truncated signature', () => signed(good).slice(0, -4)],
  ['a longer signature', () => `${signed(good)}AAAA`],
  ['a changed payload', () => replaced(signed(good), 1, base64url({ ...good, sub: '1' }))],
  ['a changed header', () => replaced(signed(good), 0, base64url({ alg: 'ES256', kid: 'other' }))],
  ['the signature of another payload', () => replaced(signed(good), 2, parts(signed({ ...good, sub: '1' }))[2])],
  // another algorithm or key
  ['HS256 with the public key as the secret', () => confused('ES256', () => key)],
  ['HS256 with the public RSA key as the secret', () => confused('RS256', () => rsa, rsaIssuer)],
  ['HS256 with the JWK as the secret', () => hmacToken(JSON.stringify(key.publicJwk))],
  ['HS256 with an empty secret', () => hmacToken('')],
  ['HS256 with the secret of another issuer', () => hmacToken(secret)],
  ['HS384 for the issuer with a secret', () => hmacToken(secret, { alg: 'HS384' }, secretIssuer)],
  ['a wrong secret', () => hmacToken('another secret that is long enough', {}, secretIssuer)],
  ["RS256 by the second issuer's key for the first issuer", () => rsaToken({ ...good })],
  ["ES256 by the first issuer's key for the second issuer", () => withClaims({ iss: rsaIssuer })],
  ['PS256 that the issuer does not use', () => psToken()],
  ["an attacker's key", () => signed(good, {}, () => evil)],
  ["an attacker's key under the issuer's key id", () => signed(good, { kid: 'main' }, () => evil)],
  ["an attacker's key in the header", () => signed(good, { jwk: evil.publicJwk }, () => evil)],
  ["an attacker's key and no key id", () => signed(good, { kid: undefined, jwk: evil.publicJwk }, () => evil)],
  ["an attacker's jku", () => signed(good, { jku: 'https://evil.example/jwks' }, () => evil)],
  ['a jku of this machine', () => signed(good, { jku: 'http://127.0.0.1:1/jwks' }, () => evil)],
  ["an attacker's x5u", () => signed(good, { x5u: 'https://evil.example/chain.pem' }, () => evil)],
  ["an attacker's x5c", () => signed(good, { x5c: ['MIIB'] }, () => evil)],
  ["another key of the issuer than the key id's", () => signed(good, { kid: 'other' })],
  ['an unknown key id', () => signed(good, { kid: 'unknown' })],
  ['a key id with a path', () => signed(good, { kid: '../../../../dev/null' }, () => evil)],
  ['a key id with SQL', () => signed(good, { kid: `' UNION SELECT 'key` }, () => evil)],
  ['a key id with a URL', () => signed(good, { kid: 'https://evil.example/key' }, () => evil)],
  ['a key id with a command', () => signed(good, { kid: '| curl evil.example' }, () => evil)],
  ['a key id that is no text', () => signed(good, { kid: { main: true } })],
  ['a key id that is a list', () => signed(good, { kid: ['main'] })],
  ['the key id __proto__', () => signed(good, { kid: '__proto__' }, () => evil)],
  ['an empty key id', () => signed(good, { kid: '' }, () => evil)],
  // critical and unknown headers
  ['a critical extension', () => signed(good, { crit: ['exp'], exp: 1 })],
  ['an unknown critical extension', () => signed(good, { crit: ['x-evil'], 'x-evil': true })],
  ['an empty list of critical extensions', () => signed(good, { crit: [] })],
  ['a payload without base64', () => signed(good, { b64: false, crit: ['b64'] })],
  ['a type of an ID token', () => signed(good, { typ: 'id+jwt' })],
  ['a type of a logout token', () => signed(good, { typ: 'logout+jwt' })],
  ['a type of a DPoP proof', () => signed(good, { typ: 'dpop+jwt' })],
  ['a type that is no text', () => signed(good, { typ: ['JWT'] })],
  // tokens for something else
  ["an ID token, by Keycloak's claim", () => signed({ ...good, typ: 'ID' }, { typ: 'JWT' })],
  ["a refresh token, by Keycloak's claim", () => signed({ ...good, typ: 'Refresh' }, { typ: 'JWT' })],
  ['an ID token, by its nonce', () => signed({ ...good, nonce: 'n' }, { typ: 'JWT' })],
  ['an ID token, by at_hash', () => signed({ ...good, at_hash: 'h' }, { typ: undefined })],
  ['an ID token, by s_hash', () => signed({ ...good, s_hash: 'h' }, { typ: 'JWT' })],
  ["an ID token, by Cognito's claim", () => signed({ ...good, token_use: 'id' }, { typ: undefined })],
  ['a logout token, by its events', () => signed({ ...good, events: { logout: {} } }, { typ: 'JWT' })],
  ['an ID token, by c_hash', () => signed({ ...good, c_hash: 'h' }, { typ: 'JWT' })],
  // issuer
  ['no issuer', () => without('iss')],
  ['another issuer', () => withClaims({ iss: 'https://evil.example' })],
  ['the issuer with a slash', () => withClaims({ iss: `${issuer}/` })],
  ['the issuer in capitals', () => withClaims({ iss: issuer.toUpperCase() })],
  ['the issuer and a port', () => withClaims({ iss: `${issuer}:443` })],
  ['a longer issuer', () => withClaims({ iss: `${issuer}.evil.example` })],
  ['a list of issuers', () => withClaims({ iss: [issuer] })],
  ['the issuer __proto__', () => withClaims({ iss: '__proto__' })],
  // audience
  ['no audience', () => without('aud')],
  ['another audience', () => withClaims({ aud: 'billing' })],
  ['a longer audience', () => withClaims({ aud: 'note-service-2' })],
  ['the audience in capitals', () => withClaims({ aud: 'NOTE-SERVICE' })],
  ['an empty list of audiences', () => withClaims({ aud: [] })],
  ['other audiences', () => withClaims({ aud: ['billing', 'note-servicf'] })],
  ['an audience in a list in a list', () => withClaims({ aud: [['note-service']] })],
  ['an audience as the key of an object', () => withClaims({ aud: { 'note-service': true } })],
  ['null as the audience', () => withClaims({ aud: null })],
  ['an audience that looks the same: Cyrillic е', () => withClaims({ aud: 'notе-servicе' })],
  // times
  ['no expiry', () => without('exp')],
  ['a token that expired 31 s ago', () => withClaims({ exp: now() - 31 })],
  ['an expiry in 1970', () => withClaims({ exp: 0 })],
  ['an expiry as a text', () => withClaims({ exp: String(now() + 300) })],
  ['null as the expiry', () => withClaims({ exp: null })],
  ['an expiry as a list', () => withClaims({ exp: [now() + 300] })],
  ['a negative expiry', () => withClaims({ exp: -1 })],
  ['a token that begins in a minute', () => withClaims({ nbf: now() + 60 })],
  ['a beginning as a text', () => withClaims({ nbf: '0' })],
  // subject
  ['no subject', () => without('sub')],
  ['an empty subject', () => withClaims({ sub: '' })],
  ['a subject that is a number', () => withClaims({ sub: 7 })],
  ['a subject that is an object', () => withClaims({ sub: { id: '7' } })],
  ['a long subject', () => withClaims({ sub: '7'.repeat(256) })],
  ['a subject with a line break', () => withClaims({ sub: '7\nadmin' })],
  ['a subject with NUL', () => withClaims({ sub: '7\u0000' })],
  ['a subject that reads backwards', () => withClaims({ sub: '7\u202Enimda' })],
  ['a subject with a space of no width', () => withClaims({ sub: '7\u200B' })],
  [
    'a subject with half a character',
    () => signedText(JSON.stringify({ ...good, sub: '7' }).replace('"sub":"7"', '"sub":"\\ud800"')),
  ],
  // form
  ['no JSON in the payload', () => signedText('{"sub":')],
  ['a list as the payload', () => signedText('[]')],
  ['null as the payload', () => signedText('null')],
  ['a text as the payload', () => signedText('"admin"')],
  ['no JSON in the header', () => replaced(signed(good), 0, base64url('{'))],
  ['a list as the header', () => replaced(signed(good), 0, base64url([]))],
  ['padding', () => replaced(signed(good), 1, `${base64url({ ...good, pad: 'x' })}==`)],
  ['base64 instead of base64url', () => signed(good).replace(/[-_]/, '+').concat('+')],
  ['one part', () => 'abc'],
  ['four parts', () => `${signed(good)}.abc`],
  ['five parts, like an encrypted token', () => 'a.b.c.d.e'],
  ['dots', () => '..'],
  ['a second token behind a comma', () => `${signed(good)},${signed(good)}`],
  ['a second token behind a space', () => `${signed(good)} ${signed(good)}`],
  ['more than 8 KiB', () => withClaims({ padding: 'x'.repeat(8192) })],
  ['quotes around it', () => `"${signed(good)}"`],
  ['the prefix twice', () => `Bearer ${signed(good)}`],
  ['the callers of the test kit', () => `tricube-test:${base64url({ id: '1' })}`],
]

describe('rejects', () => {
  it('at least 60 kinds', () => expect(hostile.length).toBeGreaterThanOrEqual(60))

  it.each(hostile)('%s', async (_, token) => {
    const { status, challenge, body } = await bearer(await token())
    expect(status).toBe(401)
    expect(challenge).toBe('Bearer realm="note-service", error="invalid_token"')
    expect(JSON.parse(body)).toEqual({
      code: 40100,
      message: 'Unauthorized',
      error: 'the token is invalid or has expired',
    })
  })

  it.each([
    ['nothing', []],
    ['another scheme', ['authorization', 'Basic YTpi']],
    ['a token in the query', [], '/me?access_token='],
    ['a token in a cookie', ['cookie', 'access_token=']],
    ['a token without its scheme', ['authorization', '']],
  ] as const)('%s, as a request without credentials', async (_, [name, value], path?: string) => {
    const sent = name === undefined ? [] : [name, `${value}${name === 'cookie' || value === '' ? signed(good) : ''}`]
    const { status, challenge } = await send(sent, path && `${path}${signed(good)}`)
    expect([status, challenge]).toEqual([401, 'Bearer realm="note-service"'])
  })

  it.each([
    ['a bad one first', () => ['authorization', 'Bearer x', 'authorization', `Bearer ${signed(good)}`]],
    ['a good one first', () => ['authorization', `Bearer ${signed(good)}`, 'authorization', 'Bearer x']],
    ['twice the same', () => ['authorization', `Bearer ${signed(good)}`, 'Authorization', `Bearer ${signed(good)}`]],
  ])('two headers as malformed: %s', async (_, headers) => {
    expect((await send(headers())).status).toBe(400)
  })

  it('any text that is not a good token', async () => {
    const token = signed(good)
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...Array.from('AZaz09-_.')), async (at, character) => {
        fc.pre(token[at] !== character && at < token.length - 1) // the last character has bits that mean nothing
        expect((await bearer(token.slice(0, at) + character + token.slice(at + 1))).status).not.toBe(200)
      }),
      { numRuns: 200 },
    )
  })

  it('and still accepts a good one after all of it', async () => {
    expect((await bearer(withClaims({ jti: 'last' }))).status).toBe(200)
  })
})

function signedText(text: string): string {
  const input = `${base64url({ alg: 'ES256', kid: 'main', typ: 'at+jwt' })}.${base64url(text)}`
  return `${input}.${es256(input, key)}`
}

function derSigned(claims: object): string {
  const input = `${base64url({ alg: 'ES256', kid: 'main' })}.${base64url(claims)}`
  return `${input}.${signBytes('sha256', Buffer.from(input), KeyObject.from(key.privateKey)).toString('base64url')}`
}

function hmacToken(by: string | Buffer, header: object = {}, iss: string = issuer): string {
  const input = `${base64url({ alg: 'HS256', kid: 'main', ...header })}.${base64url({ ...good, iss })}`
  return `${input}.${hmac(input, by)}`
}

async function confused(alg: string, of: () => IssuerKey, iss: string = issuer): Promise<string> {
  const { kty, crv, x, y, n, e } = of().publicJwk as Record<string, string>
  const publicKey = (await importJWK({ kty, crv, x, y, n, e, ext: true } as never, alg, {
    extractable: true,
  })) as CryptoKey
  return hmacToken(await exportSPKI(publicKey), { kid: of().kid }, iss)
}

function rsaToken(claims: object): Promise<string> {
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'rsa' }).sign(rsa.privateKey)
}

function psToken(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const input = `${base64url({ alg: 'PS256', kid: 'main' })}.${base64url(good)}`
  return `${input}.${signBytes('sha256', Buffer.from(input), { key: privateKey, padding: 6, saltLength: 32 }).toString('base64url')}`
}
