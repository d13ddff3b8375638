import { describeValue } from '../schema/describeValue.ts'

/**
 * A way to identify a caller. `user`: a person, by a token that an issuer has signed. `key`: a program, by an API key.
 * `service`: another service, by its certificate.
 */
export type AuthScheme = (typeof authSchemes)[number]

/** The ways to identify a caller. */
export const authSchemes = ['user', 'key', 'service'] as const

/** The header of tokens of services. `authorization` is for the token of the user whom a call serves. */
export const serviceTokenHeader = 'x-service-token'

/** Who may call an operation: everyone, or callers that are identified in one of these ways. */
export type Auth = 'public' | AuthScheme | readonly AuthScheme[]

/** The fields of an operation that say who may call it. */
export interface AuthFields {
  /**
   * Who may call it: `public`, or callers that are identified as a `user`, by an API `key`, or as a `service`. A list
   * accepts any of these. Default: the `auth` of the contract.
   */
  readonly auth?: Auth
  /** The scopes that a user or an API key needs, all of them. Default: none. */
  readonly scopes?: readonly string[]
  /** The names of the services that may call it, if it accepts services. Default: all that are identified. */
  readonly callers?: readonly string[]
}

/** The schemes that an `auth` names; none for `public`. */
type SchemesIn<Required> = Required extends readonly (infer Scheme)[] ? Scheme : Exclude<Required, 'public'>

/**
 * The value of an identity on the context of an operation. It is there if the operation accepts no other identity. It is
 * optional if there are several, and undefined otherwise.
 */
export type Identified<Op extends AuthFields, Scheme extends AuthScheme, Value> = unknown extends Op['auth']
  ? undefined
  : Op['auth'] extends Scheme | readonly [Scheme]
    ? Value
    : Scheme extends SchemesIn<Op['auth']>
      ? Value | undefined
      : undefined

/** Returns the schemes of which a caller needs one; none for a public operation. */
export function schemesOf({ auth }: AuthFields): readonly AuthScheme[] {
  if (auth === undefined || auth === 'public') return []
  return typeof auth === 'string' ? [auth] : auth
}

/** Whether an operation accepts callers that are identified in this way. */
export function accepts(operation: AuthFields, scheme: AuthScheme): boolean {
  return schemesOf(operation).includes(scheme)
}

/** Returns the operations with the contract's `auth` in each that has none. */
export function withDefaultAuth<Op extends AuthFields>(
  operations: Readonly<Record<string, Op>>,
  auth: Auth | undefined,
): Readonly<Record<string, Op>> {
  if (auth === undefined) return operations
  return Object.fromEntries(Object.entries(operations).map(([name, one]) => [name, { ...one, auth: one.auth ?? auth }]))
}

/** Returns what is wrong with a value of `auth`. */
export function authProblem(auth: unknown): string | undefined {
  if (auth === undefined || auth === 'public' || authSchemes.includes(auth as AuthScheme)) return undefined
  const expected = `auth must be one of ${['public', ...authSchemes].join(', ')}, or a list of these without public`
  if (!Array.isArray(auth)) return `${expected}, got ${describeValue(auth)}`
  const wrong = auth.find((one, i) => !authSchemes.includes(one as AuthScheme) || auth.indexOf(one) !== i)
  if (auth.length > 0 && wrong === undefined) return undefined
  return `${expected}, got ${auth.length === 0 ? 'an empty list' : describeValue(wrong)}`
}

/** Returns what is wrong with who may call an operation. `byDefault` is the contract's `auth`. */
export function accessProblem(operation: AuthFields, byDefault: Auth | undefined): string | undefined {
  const { auth = byDefault } = operation
  const schemes = schemesOf({ ...(auth !== undefined && { auth }) })
  return authProblem(operation.auth) ?? scopesProblem(operation, schemes) ?? callersProblem(operation, schemes)
}

function scopesProblem({ scopes }: AuthFields, schemes: readonly AuthScheme[]): string | undefined {
  if (scopes === undefined) return undefined
  if (!Array.isArray(scopes) || scopes.length === 0 || !scopes.every(isScope)) {
    return `scopes must be a list of scopes without spaces like ['orders:read'], got ${describeValue(scopes)}`
  }
  if (schemes.includes('user') || schemes.includes('key')) return undefined
  return `scopes need a caller that has scopes: set auth to 'user' or 'key', or give the contract a default like { auth: 'user' }`
}

function callersProblem({ callers }: AuthFields, schemes: readonly AuthScheme[]): string | undefined {
  if (callers === undefined) return undefined
  if (
    !Array.isArray(callers) ||
    callers.length === 0 ||
    !callers.every((one) => typeof one === 'string' && one !== '')
  ) {
    return `callers must be a list of services like ['order-service'], got ${describeValue(callers)}`
  }
  return schemes.includes('service') ? undefined : `callers need auth: 'service', or a list with it`
}

/**
 * Returns the name of an operation that says nothing about its callers while another one does. It would be public by
 * accident.
 */
export function forgottenAuth(
  operations: Readonly<Record<string, AuthFields>>,
  byDefault: Auth | undefined,
): string | undefined {
  if (byDefault !== undefined) return undefined
  const all = Object.entries(operations)
  return all.some(([, { auth }]) => auth !== undefined)
    ? all.find(([, { auth }]) => auth === undefined)?.[0]
    : undefined
}

/** A scope is a token of RFC 6749, 3.3: a `www-authenticate` header can quote it. */
function isScope(scope: unknown): boolean {
  return typeof scope === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)
}
