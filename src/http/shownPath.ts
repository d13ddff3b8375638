import { isSecret } from '../log/secrets.ts'

/**
 * A URL's path as it may be logged: without the query, which may hold what is nobody's business; of a route with a
 * secret parameter (`/resets/:token`) only the route.
 */
export function shownPath(url: string, route: string | undefined): string {
  if (route !== undefined && hasSecret(route)) return route
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

/** Of each route whether it has; there are as many as operations. */
const known = new Map<string, boolean>()

function hasSecret(route: string): boolean {
  let secret = known.get(route)
  if (secret === undefined) {
    secret = Array.from(route.matchAll(/:(\w+)/g), ([, name]) => name!).some(isSecret)
    known.set(route, secret)
  }
  return secret
}
