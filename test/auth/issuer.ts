import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { onTestFinished } from 'vitest'

/** A key pair of an issuer. */
export interface IssuerKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly publicJwk: JWK
}

let count = 0

/** Makes a key pair. */
export async function issuerKey(alg = 'ES256', kid = `key-${++count}`): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** What a test changes in a token. Undefined removes a claim. */
export interface TokenParts {
  readonly key?: IssuerKey
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
}

/** An issuer on this machine, whose keys change, which hangs, and which goes away. */
export interface TestIssuer {
  readonly url: string
  readonly keys: IssuerKey[]
  /** The requests for its keys. */
  readonly fetches: number
  /** All requests. */
  readonly requests: number
  /** How it responds: as it should, never, with an error, with a redirect, or with too much. */
  mode: 'good' | 'hangs' | 'down' | 'redirects' | 'huge' | 'other issuer'
  /** Replaces its keys with a new one, and returns it. */
  rotate(): Promise<IssuerKey>
  /** Signs a token for user 7 of `note-service` that is valid for five minutes. */
  sign(parts?: TokenParts): Promise<string>
}

/** Starts an issuer. */
export async function startIssuer(alg = 'ES256'): Promise<TestIssuer> {
  const keys = [await issuerKey(alg)]
  const hanging = new Set<ServerResponse>()
  let fetches = 0
  let requests = 0
  const issuer: TestIssuer = {
    url: '',
    keys,
    mode: 'good',
    get fetches() {
      return fetches
    },
    get requests() {
      return requests
    },
    async rotate() {
      const key = await issuerKey(alg)
      keys.splice(0, keys.length, key)
      return key
    },
    sign: ({ key = keys[0]!, header = {}, claims = {} } = {}) =>
      new SignJWT({ ...claimsOf(issuer.url), ...claims })
        .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header })
        .sign(key.privateKey),
  }
  const server = createServer((request, response) => {
    const json = (value: unknown): void => void response.end(JSON.stringify(value))
    requests++
    if (request.url === '/jwks') fetches++
    if (issuer.mode === 'hangs') return void hanging.add(response)
    if (issuer.mode === 'down') return void response.writeHead(503).end()
    if (issuer.mode === 'redirects') return void response.writeHead(302, { location: '/elsewhere' }).end()
    if (issuer.mode === 'huge') return json({ keys: [{ kty: 'oct', k: 'a'.repeat(600_000) }] })
    if (request.url === '/jwks') return json({ keys: keys.map(({ publicJwk }) => publicJwk) })
    const named = issuer.mode === 'other issuer' ? 'https://evil.example' : issuer.url
    json({ issuer: named, jwks_uri: `${issuer.url}/jwks` })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  Object.assign(issuer, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  onTestFinished(() => {
    for (const response of hanging) response.destroy()
    server.closeAllConnections()
    server.close()
  })
  return issuer
}

/** The claims of a good token. */
export function claimsOf(iss: string, nowSeconds = Math.floor(Date.now() / 1000)) {
  return {
    iss,
    sub: '7',
    aud: 'note-service',
    iat: nowSeconds,
    exp: nowSeconds + 300,
    scope: 'notes:read notes:write',
  }
}
