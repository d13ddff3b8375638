import type { FastifyRequest } from 'fastify'
import type { Authenticator, OpenAuthenticator } from '../auth/authenticator.ts'
import { bearerToken } from '../auth/bearer.ts'
import { foundIdentity, type FoundUser } from '../auth/findUser.ts'
import type { ApiKey, Identity } from '../auth/identity.ts'
import { keyIdentity } from '../auth/keys/identity.ts'
import { serviceIdentity } from '../auth/serviceIdentity.ts'
import type { AuthScheme } from '../contract/auth.ts'
import type { AuthReplacement } from '../service/parts/auth/auth.ts'

/** Who calls in a test: a user, a program with an API key, or a service. */
export type TestCaller =
  | FoundUser
  | { readonly key: Partial<ApiKey> }
  | { readonly service: string; readonly user?: FoundUser }

/** No token of an issuer begins like this: it has no dots, so that no service in production accepts it either. */
const prefix = 'tricube-test:'

/** Returns the headers that identify a caller to services under test. */
export function headersOf(caller: TestCaller): Readonly<Record<string, string>> {
  if ('key' in caller) return { 'x-api-key': textOf(caller.key) }
  if ('service' in caller)
    return { 'x-test-service': textOf(caller.service), ...(caller.user && headersOf(caller.user)) }
  return { authorization: `Bearer ${textOf(caller)}` }
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
      const opened = await real.open(host)
      return {
        authenticate: (request) => testIdentity(request, scheme) ?? opened.authenticate(request),
        close: () => opened.close?.(),
      }
    },
  }),
}

function testIdentity(request: FastifyRequest, scheme: AuthScheme): Identity | undefined {
  const text = credential[scheme](request)
  if (typeof text !== 'string' || !text.startsWith(prefix)) return undefined
  return identityOf[scheme](JSON.parse(Buffer.from(text.slice(prefix.length), 'base64url').toString()) as never)
}

const credential: Readonly<Record<AuthScheme, (request: FastifyRequest) => unknown>> = {
  user: bearerToken,
  key: ({ headers }) => headers['x-api-key'],
  service: ({ headers }) => headers['x-test-service'],
}

const identityOf: Readonly<Record<AuthScheme, (value: never) => Identity>> = {
  user: (user: FoundUser) => foundIdentity(user),
  key: (key: Partial<ApiKey>) => keyIdentity({ id: 1, name: 'test', owner: 'test', scopes: [], ...key }),
  service: (name: string) => serviceIdentity({ name, id: `test:${name}` }),
}

function textOf(value: unknown): string {
  return prefix + Buffer.from(JSON.stringify(value)).toString('base64url')
}
