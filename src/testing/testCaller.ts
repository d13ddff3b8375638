import type { FastifyRequest } from 'fastify'
import type { Authenticator, AuthHost, OpenAuthenticator } from '../auth/authenticator.ts'
import { bearerToken } from '../auth/bearer.ts'
import { foundIdentity, type FoundUser } from '../auth/findUser.ts'
import type { ApiKey, Identity } from '../auth/identity.ts'
import { keyIdentity } from '../auth/keys/identity.ts'
import { serviceIdentity } from '../auth/serviceIdentity.ts'
import { ConfigError } from '../config/configError.ts'
import { serviceTokenHeader, type AuthScheme } from '../contract/auth.ts'
import { describeValue } from '../schema/describeValue.ts'
import { hint } from '../schema/validator/nearestName.ts'
import type { AuthReplacement } from '../service/parts/auth/auth.ts'

/** Who calls in a test: a user, a program with an API key, or a service. */
export type TestCaller =
  | FoundUser
  | { readonly key: Partial<ApiKey> }
  | { readonly service: string; readonly user?: FoundUser }

/** No token of an issuer begins like this: it has no dots, so that no service in production accepts it either. */
const prefix = 'tricube-test:'

/**
 * Returns the headers that identify a caller to services under test.
 *
 * @throws {TypeError} when it is no user, key or service
 */
export function headersOf(caller: TestCaller): Readonly<Record<string, string>> {
  if (!isCaller(caller)) {
    throw new TypeError(
      `app.as: expected { id, scopes }, { key: { owner, scopes } } or { service: 'order-service' }, got ${
        typeof caller === 'object' && caller !== null ? `{ ${Object.keys(caller).join(', ')} }` : describeValue(caller)
      }`,
    )
  }
  const misspelt = Object.keys(caller).find((name) => !callerFields.includes(name) && hint(name, callerFields) !== '')
  if (misspelt !== undefined) throw new TypeError(`app.as: unknown ${misspelt}${hint(misspelt, callerFields)}`)
  if ('key' in caller) return { 'x-api-key': textOf(caller.key) }
  if ('service' in caller)
    return { [serviceTokenHeader]: textOf(caller.service), ...(caller.user && headersOf(caller.user)) }
  return { authorization: `Bearer ${textOf(caller)}` }
}

/** A row of a table with more columns is a user, too: only what is nearly one of these is a mistake. */
const callerFields = ['scopes', 'claims', 'tenant']

function isCaller(caller: unknown): caller is TestCaller {
  if (typeof caller !== 'object' || caller === null) return false
  const { id, key, service } = caller as { readonly id?: unknown; readonly key?: unknown; readonly service?: unknown }
  if (key !== undefined) return typeof key === 'object' && key !== null
  return service === undefined ? typeof id === 'string' || typeof id === 'number' : typeof service === 'string'
}

/** Returns the token with which a service of a test system calls another one. */
export function testServiceToken(name: string): string {
  return textOf(name)
}

/**
 * Accepts the callers of tests besides those of the service. An issuer is asked only when a test sends a token of it, so
 * that the other tests need none.
 */
export const testCallers: AuthReplacement = {
  fetches: 'late',
  replace: (real, scheme): Authenticator => ({
    ...real,
    async open(host): Promise<OpenAuthenticator> {
      const opened = await openIn(real, host)
      return {
        authenticate: (request) => testIdentity(request, scheme) ?? opened.authenticate(request),
        close: () => opened.close?.(),
      }
    },
  }),
}

/** Opens an authenticator. Tests need neither issuer nor keys, so one that lacks them fails only when it is asked. */
async function openIn(real: Authenticator, host: AuthHost): Promise<OpenAuthenticator> {
  try {
    return await real.open(host)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return {
      authenticate(request) {
        if (credential[host.scheme](request) === undefined) return undefined
        throw error
      },
    }
  }
}

function testIdentity(request: FastifyRequest, scheme: AuthScheme): Identity | undefined {
  const text = credential[scheme](request)
  if (typeof text !== 'string' || !text.startsWith(prefix)) return undefined
  return identityOf[scheme](JSON.parse(Buffer.from(text.slice(prefix.length), 'base64url').toString()) as never)
}

const credential: Readonly<Record<AuthScheme, (request: FastifyRequest) => unknown>> = {
  user: bearerToken,
  key: ({ headers }) => headers['x-api-key'],
  service: ({ headers }) => headers[serviceTokenHeader],
}

const identityOf: Readonly<Record<AuthScheme, (value: never) => Identity>> = {
  user: (user: FoundUser) => foundIdentity(user),
  key: (key: Partial<ApiKey>) => keyIdentity({ id: 1, name: 'test', owner: 'test', scopes: [], ...key }),
  service: (name: string) => serviceIdentity({ name, id: `test:${name}` }),
}

function textOf(value: unknown): string {
  return prefix + Buffer.from(JSON.stringify(value)).toString('base64url')
}
