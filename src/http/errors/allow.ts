import type { Operations } from '../../contract/operation.ts'
import { parseRoute } from '../../contract/route.ts'

/**
 * Compiles a function that returns the methods of a path, for the `allow` of a 405.
 *
 * It is called only for paths that match no route, so it may walk over all patterns.
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
