import type { AuthFailure } from '../../../auth/authenticator.ts'
import { authSchemes, type AuthScheme } from '../../../contract/auth.ts'
import { BadRequest, codes, Forbidden, Unauthorized } from '../../../contract/errors.ts'
import { ServiceUnavailable } from '../../../contract/serverErrors.ts'
import type { HttpError } from '../../../contract/httpError.ts'

/**
 * The errors of an operation's authentication. They tell a caller what to send, and not which check has failed.
 *
 * Source: https://www.rfc-editor.org/rfc/rfc6750#section-3
 */
export class Rejections {
  readonly #realm: string
  readonly #needed: string
  /** One for each way to identify oneself. */
  readonly #challenges: string
  readonly #first: AuthScheme
  readonly #scope: string

  constructor(service: string, schemes: readonly AuthScheme[], scopes: readonly string[]) {
    this.#realm = `realm="${service}"`
    const named = authSchemes.filter((scheme) => schemes.includes(scheme))
    this.#challenges = named.map((scheme) => `${challenges[scheme]} ${this.#realm}`).join(', ')
    this.#first = named[0]!
    this.#needed = `the request needs ${schemes.map((scheme) => credentials[scheme]).join(' or ')}`
    this.#scope = scopes.join(' ')
  }

  /** Returns the error of a request without credentials. */
  missing(): HttpError {
    return new Unauthorized(this.#needed, { headers: { 'www-authenticate': this.#challenges } })
  }

  /** Returns the error of a request whose credentials were rejected; `scheme` is that of the credentials. */
  failed({ failure, scheme = this.#first }: AuthFailure & { readonly scheme?: AuthScheme }): HttpError {
    if (failure === 'malformed')
      return new BadRequest('there must be one authorization header', { code: codes.malformed })
    if (failure === 'unavailable') {
      return new ServiceUnavailable('tokens cannot be verified at the moment', {
        code: codes.calleeDown,
        headers: { 'retry-after': '1' },
      })
    }
    const challenge = `${challenges[scheme]} ${this.#realm}, error="invalid_token"`
    return new Unauthorized(`${credential[scheme]} is invalid or has expired`, {
      headers: { 'www-authenticate': challenge },
    })
  }

  /** Returns the error of a service that is none of the `callers`. */
  stranger(name: string): HttpError {
    return new Forbidden(`${name} is not one of the services that may call it`)
  }

  /** Returns the error of a caller that lacks a scope. */
  insufficient(scheme: AuthScheme): HttpError {
    const challenge = `${challenges[scheme]} ${this.#realm}, error="insufficient_scope", scope="${this.#scope}"`
    return new Forbidden(`the request needs the scope ${this.#scope}`, { headers: { 'www-authenticate': challenge } })
  }
}

/** RFC 9110, 11.6.1: a 401 has a challenge. There is no registered one for API keys and certificates. */
const challenges: Readonly<Record<AuthScheme, string>> = { user: 'Bearer', key: 'ApiKey', service: 'Certificate' }

const credentials: Readonly<Record<AuthScheme, string>> = {
  user: 'a token in the header authorization: Bearer …',
  key: 'an API key in the header x-api-key',
  service: 'the certificate or the token of a service',
}

const credential: Readonly<Record<AuthScheme, string>> = {
  user: 'the token',
  key: 'the API key',
  service: 'the certificate or the token of the service',
}
