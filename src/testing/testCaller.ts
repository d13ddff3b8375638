import type { Authenticator, AuthOutcome, OpenAuthenticator } from '../auth/authenticator.ts'
import { foundIdentity, type FoundUser } from '../auth/findUser.ts'
import { bearerToken } from '../auth/bearer.ts'
import type { AuthReplacement } from '../service/parts/auth/auth.ts'

/** Who calls in a test. */
export type TestCaller = FoundUser

/** No token of an issuer begins like this: it has no dots, so that no service in production accepts it either. */
const prefix = 'tricube-test:'

/** Returns the headers that identify a caller to services under test. */
export function headersOf(caller: TestCaller): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${prefix}${Buffer.from(JSON.stringify(caller)).toString('base64url')}` }
}

/**
 * Accepts the callers of tests besides those of the service. An issuer is asked only when a test sends a token of it, so
 * that the other tests need none.
 */
export const testCallers: AuthReplacement = {
  fetches: 'late',
  replace: (real): Authenticator => ({
    async open(host): Promise<OpenAuthenticator> {
      const opened = await real.open(host)
      return {
        authenticate: (request) => testUser(bearerToken(request)) ?? opened.authenticate(request),
        close: () => opened.close?.(),
      }
    },
  }),
}

function testUser(token: ReturnType<typeof bearerToken>): AuthOutcome {
  if (typeof token !== 'string' || !token.startsWith(prefix)) return undefined
  return foundIdentity(JSON.parse(Buffer.from(token.slice(prefix.length), 'base64url').toString()) as FoundUser)
}
