import { isListOfTexts, type AuthUser, type Identity } from '../identity.ts'
import type { JwtOptions } from './options.ts'

/** The claims of a token whose signature is valid. */
export type Claims = Readonly<Record<string, unknown>>

/** The longest subject. OpenID Connect Core, 2: at most 255 ASCII characters. */
const maxSubjectLength = 255

/**
 * Returns why a token is no access token, from the type in its header and from its claims.
 *
 * An ID token tells a client who has logged in. Issuer and signature are those of an access token, and its audience may have
 * the name of a service. Nothing else stops a client from calling services with it.
 */
export function typeProblem(typ: unknown, claims: Claims): string | undefined {
  if (typ !== undefined && (typeof typ !== 'string' || !accessTypes.has(typ.toLowerCase()))) {
    return 'its type is not that of an access token'
  }
  const isDeclared = typeof typ === 'string' && typ.toLowerCase() !== 'jwt'
  if (isDeclared) return undefined
  const { typ: kind } = claims // Keycloak's: Bearer, ID, Refresh, Offline, Logout
  if (kind !== undefined) return kind === 'Bearer' ? undefined : 'it is no access token by its claim typ'
  const { token_use: use = 'access' } = claims // Cognito's: access, id
  if (use !== 'access') return 'it is no access token by its claim token_use'
  if (Object.hasOwn(claims, 'events')) return 'it tells of an event, such as a logout'
  const mark = idTokenClaims.find((name) => Object.hasOwn(claims, name))
  return mark && `it is an ID token, since it has the claim ${mark}`
}

/** RFC 9068, 2.1; most issuers write JWT. */
const accessTypes: ReadonlySet<string> = new Set(['at+jwt', 'application/at+jwt', 'jwt'])
/** Claims that only ID tokens have. OpenID Connect Core, 2 and 3.3.2.11, and FAPI 1.0, 5.1 */
const idTokenClaims = ['nonce', 'at_hash', 'c_hash', 's_hash'] as const

/** Returns the user that a token names; a text says what is wrong with its subject or scopes. */
export function userOf(claims: Claims, { scopes = usualScopes, tenant = 'tenant' }: JwtOptions): AuthUser | string {
  const { sub } = claims
  if (typeof sub !== 'string' || sub === '' || sub.length > maxSubjectLength) return 'its subject is no short text'
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(sub)) return 'its subject has an invisible character'
  const allowed = scopesIn(claims, scopes)
  if (typeof allowed === 'string') return allowed
  const own = Object.hasOwn(claims, tenant) ? claims[tenant] : undefined
  return Object.freeze({
    id: sub,
    scopes: Object.freeze([...allowed]),
    claims: frozen(claims),
    tenant: typeof own === 'string' ? own : undefined,
  })
}

/** Returns the scopes that the function finds; a text says why it finds none. It is code of yours, and claims may be missing. */
function scopesIn(claims: Claims, scopes: (claims: Claims) => unknown): readonly string[] | string {
  try {
    const found = scopes(claims)
    return isListOfTexts(found) ? found : 'its scopes are no list of texts'
  } catch (error) {
    return `its scopes cannot be read: ${(error as Error).message}`
  }
}

/** Returns the identity of a user. The same subject of two issuers is two users. */
export function userIdentity(user: AuthUser, issuer: string): Identity {
  const { id, scopes } = user
  return { scheme: 'user', key: JSON.stringify(['user', issuer, id]), name: `user ${id}`, scopes, value: user }
}

/** Reads `scope`, a text (RFC 8693, 4.2), and `scp`, a text of Microsoft or a list of Okta. */
function usualScopes({ scope, scp }: Claims): readonly string[] {
  return [scope, scp].flatMap((claim): readonly string[] => {
    if (typeof claim === 'string') return claim.split(' ').filter(Boolean)
    return Array.isArray(claim) ? claim.filter((one) => typeof one === 'string') : []
  })
}

/** Freezes a JSON value at all depths: requests with the same token share it. */
function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) frozen(inner)
  return Object.freeze(value)
}
