import type { TString } from '@sinclair/typebox'
import type { Schema } from '../schema/standard/spec.ts'
import { describeValue } from '../schema/describeValue.ts'
import { t } from '../schema/schema.ts'

/** The statuses of redirects. 307 and 308 keep the method of the request. */
export type RedirectStatus = 301 | 302 | 303 | 307 | 308

/** Options of {@link redirect}. */
export interface RedirectOptions {
  /** Default: 302 for a GET, else 303, which browsers follow with a GET. */
  readonly status?: RedirectStatus
  /** The other origins that it may lead to, such as `https://pay.example`; `any`: all of HTTP. Default: none. */
  readonly origins?: readonly string[] | 'any'
}

/** A response that leads to another URL, as {@link redirect} returns it. Handlers return that URL, and callers get it. */
export type Redirect = TString & { readonly [isRedirect]: RedirectOptions }

const isRedirect: unique symbol = Symbol('tricube.redirect')

/**
 * Declares that an operation responds with a redirect, for `returns`. Its handler returns a path of the service, or a URL
 * with one of the `origins`. Anything else is a 500, so that a URL from a caller cannot lead to another site.
 *
 * @throws {TypeError} when an option is invalid
 *
 * @example
 * export const linkService = contract('link-service', {
 *   follow: { route: 'GET /l/:id', returns: redirect({ origins: 'any' }), errors: [NotFound] },
 *   pay: { route: 'POST /orders/:id/pay', returns: redirect({ origins: ['https://pay.example'] }) },
 * })
 */
export function redirect(options: RedirectOptions = {}): Redirect {
  const { status, origins = [] } = options
  if (status !== undefined && !statuses.includes(status)) {
    throw new TypeError(`redirect: status must be one of ${statuses.join(', ')}, got ${describeValue(status)}`)
  }
  if (origins !== 'any') {
    const wrong = Array.isArray(origins) ? origins.find((one) => !isOrigin(one)) : origins
    if (wrong !== undefined) {
      const given = describeValue(wrong)
      throw new TypeError(`redirect: origins must be 'any' or a list like ['https://pay.example'], got ${given}`)
    }
  }
  const schema = t.String({ format: 'uri-reference', description: 'the URL that the response leads to' })
  return { ...schema, [isRedirect]: { ...options, origins } }
}

const statuses: readonly RedirectStatus[] = [301, 302, 303, 307, 308]

/** Returns the options of a redirect; undefined for any other schema. */
export function redirectOf(returns: Schema | undefined): RedirectOptions | undefined {
  return (returns as Partial<Redirect> | undefined)?.[isRedirect]
}

/** Compiles a function that returns why a redirect may not lead to a URL; undefined when it may. */
export function compileLocationCheck({ origins = [] }: RedirectOptions): (location: unknown) => string | undefined {
  const allowed = origins === 'any' ? undefined : new Set(origins.map((one) => new URL(one).origin))
  return (location) => {
    if (typeof location !== 'string' || location === '') return `expected a URL, got ${describeValue(location)}`
    // Browsers drop tabs and line breaks, and read "\" as "/": "/\evil.example" leads to another site.
    if (/[\0-\x20\x7f\\]/.test(location)) return 'the URL has a space, a control character or a "\\": encode it'
    if (location.startsWith('/') && !location.startsWith('//')) return undefined
    const url = URL.canParse(location) ? new URL(location) : undefined
    if (!url || !/^https?:$/.test(url.protocol)) return 'the URL is neither a path that begins with "/" nor one of HTTP'
    if (!allowed || allowed.has(url.origin)) return undefined
    return `the redirect may not lead to ${url.origin}: add it to the origins of redirect()`
  }
}

function isOrigin(text: unknown): boolean {
  return typeof text === 'string' && /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text
}
