import type { Operations } from '../../contract/operation.ts'
import { parseRoute } from '../../contract/route.ts'

/**
 * Tells which methods a path has, for the `allow` of a 405.
 *
 * Only paths that no route matched come here, so a walk over the patterns is soon enough.
 */
export function compileAllowedMethods(operations: Operations): (path: string) => string[] {
  const patterns = Object.values(operations).map(({ route }) => {
    const { method, path } = parseRoute(route)
    return { method, pattern: patternOf(path) }
  })
  return (path) => {
    const allowed = new Set<string>()
    for (const { method, pattern } of patterns) {
      if (!pattern.test(path)) continue
      allowed.add(method)
      if (method === 'GET') allowed.add('HEAD')
    }
    return [...allowed].sort()
  }
}

function patternOf(path: string): RegExp {
  const segments = path
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll(/[.+$]/g, String.raw`\$&`)))
  return new RegExp(`^${segments.join('/')}$`)
}
