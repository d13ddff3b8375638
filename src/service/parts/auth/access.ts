import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import { isFailure, type AuthFailure, type OpenAuthenticator } from '../../../auth/authenticator.ts'
import { callerName, setIdentities, type Identity, type ServiceCaller } from '../../../auth/identity.ts'
import { schemesOf, type AuthScheme } from '../../../contract/auth.ts'
import { TooManyRequests } from '../../../contract/errors.ts'
import type { HttpError } from '../../../contract/httpError.ts'
import type { Operation } from '../../../contract/operation.ts'
import { ArrivalTimes } from '../../../resilience/arrivalTimes.ts'
import { quotaOf } from '../../../resilience/gcra.ts'
import { isThenable } from '../../request/thenable.ts'
import { networkOf } from '../rateLimits/key.ts'
import { Rejections } from './rejection.ts'

/**
 * Credentials that are not genuine, for each address. A client renews expired ones and never sends any others. Genuine
 * credentials always pass, so nobody can lock out a neighbour.
 */
const forgeries = quotaOf({ limit: 60, windowMs: 60_000 })

/** The decisions on who may call the operations of a service. */
export class Access {
  readonly #service: string
  readonly #authenticators: ReadonlyMap<AuthScheme, OpenAuthenticator>
  readonly #forgeries = new ArrivalTimes({ maxKeys: 10_000 })

  constructor(service: string, authenticators: ReadonlyMap<AuthScheme, OpenAuthenticator>) {
    this.#service = service
    this.#authenticators = authenticators
  }

  /** Compiles the check of an operation's callers, which runs before the body is read; none for a public operation. */
  onRequest(operation: Operation): onRequestHookHandler[] {
    const schemes = schemesOf(operation)
    if (schemes.length === 0) return []
    const { scopes = [], callers } = operation
    const rejections = new Rejections(this.#service, schemes, scopes)
    const ways: readonly Way[] = schemes.map((scheme) => ({ scheme, authenticator: this.#authenticators.get(scheme)! }))
    const only = ways.length === 1 ? ways[0]!.authenticator : undefined

    const errorOf = (request: FastifyRequest, outcome: Outcome): HttpError | undefined => {
      if (outcome === undefined) return denied(request, rejections.missing(), 'no credentials')
      if ('failure' in outcome) return this.#failed(request, outcome, rejections)
      const identities = 'scheme' in outcome ? [outcome] : outcome
      const lacking = scopes.length > 0 ? lackingScope(identities, scopes) : undefined
      if (lacking) {
        const { scheme, name } = lacking
        return denied(
          request,
          rejections.insufficient(scheme),
          `${name} lacks ${missingOf(lacking, scopes)}`,
          identities,
        )
      }
      const stranger = callers && strangerAmong(identities, callers)
      if (stranger)
        return denied(request, rejections.stranger(stranger.name), `${stranger.name} is no caller`, identities)
      setIdentities(request, identities)
      if (request.span?.isRecorded) request.span.set('enduser.id', callerName(identities)!)
      return undefined
    }
    const settle = (request: FastifyRequest, outcome: Outcome, end: (error?: Error) => void): void =>
      end(errorOf(request, outcome))
    const check: onRequestHookHandler = (request, _reply, done) => {
      const outcome = only ? only.authenticate(request) : identifyAll(ways, request)
      if (isThenable(outcome)) outcome.then((settled) => settle(request, settled, done), done)
      else settle(request, outcome, done)
    }
    return [check]
  }

  /** Returns the error of rejected credentials: a 429 after many forged ones from one address. */
  #failed(request: FastifyRequest, failure: Failure, rejections: Rejections): HttpError {
    const { reason } = failure
    if (failure.failure === 'invalid') {
      const aheadUs = this.#forgeries.take(networkOf(request.ip), forgeries)
      if (aheadUs > forgeries.burstUs) {
        const seconds = Math.ceil((aheadUs - forgeries.burstUs) / 1e6)
        const headers = { 'retry-after': String(seconds) }
        return denied(request, new TooManyRequests('too many invalid credentials', { headers }), reason)
      }
    }
    return denied(request, rejections.failed(failure), reason)
  }
}

/** A failure of one of several ways to identify a caller. */
type Failure = AuthFailure & { readonly scheme?: AuthScheme }
type Outcome = Identity | readonly Identity[] | Failure | undefined

interface Way {
  readonly scheme: AuthScheme
  readonly authenticator: OpenAuthenticator
}

/** Identifies a caller in each of several ways. One failure rejects the request, also when another way succeeds. */
async function identifyAll(
  ways: readonly Way[],
  request: FastifyRequest,
): Promise<readonly Identity[] | Failure | undefined> {
  const identities: Identity[] = []
  for (const { scheme, authenticator } of ways) {
    const outcome = await authenticator.authenticate(request)
    if (outcome === undefined) continue
    if (isFailure(outcome)) return { ...outcome, scheme }
    identities.push(outcome)
  }
  return identities.length > 0 ? identities : undefined
}

/** Returns the first identity that lacks a scope. A service that calls for a user has no scopes of its own. */
function lackingScope(identities: readonly Identity[], scopes: readonly string[]): Identity | undefined {
  return identities.find((identity) => identity.scopes && !scopes.every((scope) => identity.scopes!.includes(scope)))
}

/** Names the scopes that an identity lacks, for the log. */
function missingOf({ scopes }: Identity, needed: readonly string[]): string {
  const missing = needed.filter((scope) => !scopes!.includes(scope))
  return `the scope${missing.length > 1 ? 's' : ''} ${missing.join(' ')}`
}

/** Returns the service that is none of the callers that an operation names. */
function strangerAmong(identities: readonly Identity[], callers: readonly string[]): Identity | undefined {
  return identities.find(
    ({ scheme, value }) => scheme === 'service' && !callers.includes((value as ServiceCaller).name),
  )
}

/** Records a rejection on the span and in the audit log, and returns the error. The log has no credentials. */
export function denied(
  request: FastifyRequest,
  error: HttpError,
  reason: string,
  identities: readonly Identity[] = [],
): HttpError {
  const caller = callerName(identities)
  if (request.span?.isRecorded) {
    request.span.set('tricube.access.denied', reason)
    if (caller !== undefined) request.span.set('enduser.id', caller)
  }
  request.log.info({ audit: 'denied', caller, reason, status: error.status, peer: request.ip }, 'access denied')
  return error
}
