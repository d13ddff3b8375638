import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AuthScheme } from '../contract/auth.ts'

/** The user who calls: `user` on the context of an operation whose `auth` is `user`. */
export interface AuthUser {
  /** The subject of the token, unique for its issuer. */
  readonly id: string
  /** What the token allows. */
  readonly scopes: readonly string[]
  /** All claims of the token. */
  readonly claims: Readonly<Record<string, unknown>>
  /** The tenant that the user belongs to, if the token names one. */
  readonly tenant: string | undefined
}

/** The API key of the program that calls: `key` on the context of an operation whose `auth` is `key`. */
export interface ApiKey {
  readonly id: number
  /** What it is for. */
  readonly name: string
  /** The user, or the team, that it belongs to. */
  readonly owner: string
  readonly scopes: readonly string[]
}

/** The service that calls: `service` on the context of an operation whose `auth` is `service`. */
export interface ServiceCaller {
  /** Its name, such as `order-service`. */
  readonly name: string
  /** Its SPIFFE ID, such as `spiffe://shop/order-service`. Its name if it has sent a token. */
  readonly id: string
}

/** The callers of a request that `auth` has identified. */
export interface Callers {
  readonly user: AuthUser | undefined
  readonly key: ApiKey | undefined
  readonly service: ServiceCaller | undefined
}

/** An identified caller of a request. */
export interface Identity {
  readonly scheme: AuthScheme
  /** Distinguishes it from all other callers. It stays the same when the caller renews its credentials. */
  readonly key: string
  /** Its name in logs and spans, such as `user 7`. */
  readonly name: string
  /** Undefined for callers whose rights are not scopes. */
  readonly scopes: readonly string[] | undefined
  /** Its value on the context, such as an `AuthUser`. */
  readonly value: unknown
}

/** Whether a value is a list of texts. A text has `includes`, too, which would find a scope in the middle of another. */
export function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

const identitiesKey: unique symbol = Symbol('tricube.identities')
type Identified = { [identitiesKey]?: readonly Identity[] }

const nobody: readonly Identity[] = []

/** Gives all requests of a service the property, so that they keep one hidden class. */
export function decorateIdentities(fastify: FastifyInstance): void {
  fastify.decorateRequest(identitiesKey, undefined)
}

/** Sets the callers of a request: usually one, or a user and the service that calls for the user. */
export function setIdentities(request: FastifyRequest, identities: readonly Identity[]): void {
  ;(request as Identified)[identitiesKey] = identities
}

/** Returns the identified callers of a request; none for public operations. */
export function identitiesOf(request: FastifyRequest | undefined): readonly Identity[] {
  return (request as Identified | undefined)?.[identitiesKey] ?? nobody
}

/** Returns the value of a caller's identity for the context. */
export function identityValue(request: FastifyRequest | undefined, scheme: AuthScheme): unknown {
  for (const identity of identitiesOf(request)) if (identity.scheme === scheme) return identity.value
  return undefined
}

/** Returns the callers of a request by scheme. */
export function callersOf(request: FastifyRequest): Callers {
  return {
    user: identityValue(request, 'user') as AuthUser | undefined,
    key: identityValue(request, 'key') as ApiKey | undefined,
    service: identityValue(request, 'service') as ServiceCaller | undefined,
  }
}

/** Returns a key that distinguishes the caller of a request from all others; undefined without an identified caller. */
export function callerKeyOf(request: FastifyRequest): string | undefined {
  const [first, second] = identitiesOf(request)
  if (!first) return undefined
  return second ? JSON.stringify(identitiesOf(request).map(({ key }) => key)) : first.key
}

/** Returns the names of callers for logs and spans, such as `user 7 by service order-service`. */
export function callerName(identities: readonly Identity[]): string | undefined {
  const [first, second] = identities
  return second ? identities.map(({ name }) => name).join(' by ') : first?.name
}

/** Returns the bearer token of a request's user as a header, for calls that are made for the same user. */
export function userAuthorization(request: FastifyRequest | undefined): string | undefined {
  if (!identitiesOf(request).some(({ scheme }) => scheme === 'user')) return undefined
  const { authorization } = request!.headers
  return authorization !== undefined && /^bearer /i.test(authorization) ? authorization : undefined
}
