import { isSecret } from '../../log/secretNames.ts'
import { censored } from '../../log/secretText.ts'

/**
 * A URL's path as it may be logged: without the query, which may hold what is nobody's business; of a route with a
 * secret parameter (`/resets/:token`) only the route, and below it, where there is no route, no more than its beginning.
 */
export function shownPath(url: string, route: string | undefined): string {
  if (route !== undefined && hasSecret(route)) return route
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  return route === undefined ? withoutSecretPart(path) : path
}

/** Learns a route, so that what is asked for below it, and is none, can be shown without what may be a secret. */
export function learnRoute(route: string): void {
  hasSecret(route)
}

/** Whether one of a route's parameters is a secret. */
function hasSecret(route: string): boolean {
  let secret = known.get(route)
  if (secret === undefined) {
    const parts = route.split(/:(\w+)/) // text, name, text, name, …, text
    const at = parts.findIndex((part, i) => i % 2 === 1 && isSecret(part))
    known.set(route, (secret = at > 0))
    if (secret) beginnings.push(beginningOf(parts.slice(0, at)))
  }
  return secret
}

/** Of each route whether it has; there are as many as operations. */
const known = new Map<string, boolean>()
/** What comes before the first secret of those that have one. */
const beginnings: RegExp[] = []

function beginningOf(parts: readonly string[]): RegExp {
  const source = parts.map((part, i) => (i % 2 === 1 ? '[^/]*' : part.replaceAll(/[^\w/]/g, String.raw`\$&`)))
  return new RegExp(`^${source.join('')}(?=.)`, 'i')
}

function withoutSecretPart(path: string): string {
  for (const beginning of beginnings) {
    const match = beginning.exec(path)
    if (match) return match[0] + censored
  }
  return path
}
