import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Who may ask the dashboard. */
export interface Access {
  /** The secret of the first URL, which becomes a cookie. */
  readonly token: string
  readonly cookieName: string
  /** The names of hosts besides those of this machine, for port forwarding. */
  readonly hosts: ReadonlySet<string>
}

/** A rejected request. */
export interface Rejection {
  readonly status: 401 | 403
  readonly reason: string
}

/**
 * Rejects names that are not this machine's. A page of another site can make its own name resolve to 127.0.0.1 and would
 * then be same-origin: https://en.wikipedia.org/wiki/DNS_rebinding
 */
export function checkHost({ headers }: IncomingMessage, { hosts }: Access): Rejection | undefined {
  const name = hostname(headers.host)
  if (name !== undefined && (ownNames.has(name) || hosts.has(name))) return undefined
  return { status: 403, reason: 'this hostname is not allowed; start with --dashboard-host to allow it' }
}

const ownNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Rejects requests of pages that are not the dashboard's. Cookies do not know ports: a page at another port of this machine
 * sends them too.
 */
export function checkOrigin({ headers }: IncomingMessage, { hosts }: Access): Rejection | undefined {
  const { origin, host } = headers
  const site = headers['sec-fetch-site']
  const isForeign = { status: 403, reason: 'requests of other pages are rejected' } as const
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return isForeign
  if (origin === undefined) return undefined
  const from = URL.canParse(origin) ? new URL(origin) : undefined
  return from !== undefined && (from.host === host || hosts.has(from.hostname)) ? undefined : isForeign
}

/** Whether a request has the cookie. */
export function hasCookie({ headers }: IncomingMessage, { cookieName, token }: Access): boolean {
  const cookies = (headers.cookie ?? '').split(/;\s*/)
  return cookies.some((cookie) => {
    const at = cookie.indexOf('=')
    return at > 0 && cookie.slice(0, at) === cookieName && isEqual(cookie.slice(at + 1), token)
  })
}

/** The header that a change needs: no form and no simple request of another page can send it. */
const changeHeader = 'x-tricube-dashboard'

/** Rejects changes that the page did not ask for. */
export function checkChange({ headers }: IncomingMessage): Rejection | undefined {
  return headers[changeHeader] === '1' ? undefined : { status: 403, reason: `the header ${changeHeader} is missing` }
}

/** Compares two secrets in a time that does not depend on them. */
export function isEqual(text: string, secret: string): boolean {
  const [one, other] = [Buffer.from(text), Buffer.from(secret)]
  return one.length === other.length && timingSafeEqual(one, other)
}

function hostname(host: string | undefined): string | undefined {
  if (host === undefined || !URL.canParse(`http://${host}`)) return undefined
  return new URL(`http://${host}`).hostname
}
