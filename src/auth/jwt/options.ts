import type { JWK } from 'jose'
import { optionsProblem, type Fields, type Rule } from '../../config/rule.ts'
import { either, flag, func, listOf, oneOf, record, text } from '../../config/rules.ts'
import { describeValue } from '../../schema/describeValue.ts'

/** The algorithms of signatures that a token may have. */
export type JwtAlgorithm = (typeof algorithms)[number]

const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

/** The algorithms that issuers use today. */
export const usualAlgorithms: readonly JwtAlgorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']

/** An issuer whose tokens are accepted, and how they are read. */
export interface JwtOptions {
  /**
   * The issuer's URL, exactly as in the claim `iss`. Its keys are found through
   * `<issuer>/.well-known/openid-configuration`. Default: the setting `AUTH_ISSUER`.
   */
  readonly issuer?: string
  /** The audience that a token must name, or several of which it must name one. Default: `AUTH_AUDIENCE`, else the service's name. */
  readonly audience?: string | readonly string[]
  /** The algorithms that the issuer signs with. Default: RS256, PS256, ES256, EdDSA and Ed25519. */
  readonly algorithms?: readonly JwtAlgorithm[]
  /** The URL of the issuer's keys, for an issuer without discovery. */
  readonly jwksUrl?: string
  /** The issuer's public keys. Nothing is fetched then. */
  readonly keys?: readonly JWK[]
  /** A secret of at least 32 bytes that you share with the issuer. Tokens are then signed with HS256, and with nothing else. */
  readonly secret?: string
  /** Returns the scopes of a token. Default: its claims `scope` and `scp`. */
  readonly scopes?: (claims: Readonly<Record<string, unknown>>) => readonly string[]
  /** The name of the claim with the user's tenant. Default: `tenant`. */
  readonly tenant?: string
  /** Whether keys may be fetched by HTTP without TLS. Anyone in between can then forge tokens. Default: only from this machine. */
  readonly insecure?: boolean
}

/** RFC 7518, 3.2: a key at least as long as the hash. */
const minSecretBytes = 32

const location: Rule = text('a URL like https://id.example.com', /^https?:\/\/[^\s?#]+$/)
const audience = text('the name of an audience')

const rules: Fields<JwtOptions> = {
  issuer: location,
  audience: either(audience, listOf(audience, 'a list of audiences')),
  algorithms: listOf(oneOf(algorithms), `a list of ${algorithms.join(', ')}`),
  jwksUrl: location,
  keys: listOf(record('a public key as JWK'), 'a list of public keys as JWK'),
  secret: {
    expected: `a secret of at least ${minSecretBytes} bytes`,
    accepts: (value) => typeof value === 'string' && Buffer.byteLength(value) >= minSecretBytes,
    wrong: () => `expected a secret of at least ${minSecretBytes} bytes`, // never shown
  },
  scopes: func,
  tenant: text('the name of a claim'),
  insecure: flag,
}

/**
 * Checks the options of `jwt`.
 *
 * @throws {TypeError} one line that names the option, the expected and the actual value
 */
export function checkJwtOptions(all: readonly JwtOptions[]): void {
  const problem = all.map((options) => optionsProblem(options, rules) ?? conflictOf(options)).find(Boolean)
  const issuers = all.map(({ issuer }) => issuer)
  const twice = issuers.find((issuer, i) => issuers.indexOf(issuer) !== i)
  if (problem) throw new TypeError(`jwt: ${problem}`)
  if (all.length > 1 && issuers.includes(undefined))
    throw new TypeError('jwt: each of several issuers needs its issuer')
  if (twice !== undefined) throw new TypeError(`jwt: issuer ${describeValue(twice)} is there twice`)
}

function conflictOf({
  issuer,
  audience: named,
  jwksUrl,
  keys,
  secret,
  algorithms: own,
  insecure,
}: JwtOptions): string | undefined {
  const sources = Object.entries({ jwksUrl, keys, secret }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  )
  if (sources.length > 1) return `${sources.join(' and ')} exclude each other, choose one source of keys`
  if (secret !== undefined && own) return 'a secret works with HS256 alone, remove algorithms'
  if (named?.length === 0) return 'audience: expected at least one'
  if (own?.length === 0) return 'algorithms: expected at least one'
  if (keys?.some(({ kty, d }) => kty === 'oct' || d !== undefined))
    return 'keys: expected public keys, got a private one: anyone who has it can forge tokens'
  if (sources.length > 0 && jwksUrl === undefined) return undefined // nothing is fetched
  const fetched = jwksUrl ?? issuer
  return fetched === undefined ? undefined : insecureProblem(fetched, { insecure })
}

/** Returns why keys must not be fetched from a URL. */
export function insecureProblem(
  url: string,
  { insecure }: { readonly insecure?: boolean | undefined },
): string | undefined {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || insecure || isLoopback(hostname)) return undefined
  return `${url} has no TLS, so anyone in between can forge tokens: use https, or set insecure: true in a network that you trust`
}

function isLoopback(hostname: string): boolean {
  return /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}
