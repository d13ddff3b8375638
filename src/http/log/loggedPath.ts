import { isSecret } from '../../log/secretNames.ts'
import { censored } from '../../log/secretText.ts'

/**
 * Returns the path of a URL as it may be logged. The query is left out. A route with a secret parameter (`/resets/:token`) is
 * logged instead of its path. An unknown path below such a route is cut before the secret.
 */
export function loggedPath(url: string, route: string | undefined): string {
  if (route !== undefined && hasSecret(route)) return route
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  return route === undefined ? withoutSecretPart(path) : path
}

/** Registers a route, so that unknown paths below it are logged without what may be a secret. */
export function registerRoute(route: string): void {
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

/** Whether a route has a secret parameter, by route. There are as many as operations. */
const known = new Map<string, boolean>()
/** The path before the first secret of each route that has one. */
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
