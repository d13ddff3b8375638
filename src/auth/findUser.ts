import type { FastifyRequest } from 'fastify'
import type { AuthFailure, Authenticator } from './authenticator.ts'
import { describeValue } from '../schema/describeValue.ts'
import { isListOfTexts, type AuthUser, type Identity } from './identity.ts'

/**
 * Finds the user of a request by your own code, such as a plugin of Fastify that keeps sessions. Undefined without
 * credentials. An error with the status 401 rejects them. The `onRequest` hooks of plugins have run.
 */
export type FindUser = (request: FastifyRequest) => FoundUser | undefined | Promise<FoundUser | undefined>

/** A user that your own code has found. */
export interface FoundUser extends Partial<Omit<AuthUser, 'id'>> {
  /** Unique among all users. */
  readonly id: string | number
}

/** Makes an authenticator of a function that finds users. */
export function foundUsers(find: FindUser): Authenticator {
  return {
    open: () => ({
      async authenticate(request) {
        try {
          const found = await find(request)
          return found && foundIdentity(found)
        } catch (error) {
          return rejected(error)
        }
      },
    }),
  }
}

/**
 * Returns the identity of a user that was found without an issuer.
 *
 * @throws {TypeError} when the user has no id, or scopes that are no list: sessions are not typed
 */
export function foundIdentity({ id, scopes = [], claims = {}, tenant }: FoundUser): Identity {
  if (!((typeof id === 'string' && id !== '') || Number.isFinite(id)))
    throw new TypeError(`auth.user: the id of the user must be a text or a number, got ${describeValue(id)}`)
  if (!isListOfTexts(scopes))
    throw new TypeError(`auth.user: the scopes of user ${id} must be a list of texts, got ${describeValue(scopes)}`)
  const user: AuthUser = { id: String(id), scopes, claims, tenant }
  return { scheme: 'user', key: JSON.stringify(['user', '', user.id]), name: `user ${user.id}`, scopes, value: user }
}

/** @throws the error, unless it rejects credentials */
function rejected(error: unknown): AuthFailure {
  const {
    status,
    statusCode = status,
    message,
  } = (error ?? {}) as { status?: number; statusCode?: number; message?: string }
  if (statusCode === 401) return { failure: 'invalid', reason: message ?? 'it was rejected' }
  throw error
}
