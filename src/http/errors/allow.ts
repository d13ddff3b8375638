import { parseRoute } from '../../contract/route.ts'
import type { ContractRoutes } from '../operation/routes.ts'

/**
 * Compiles a function that returns the methods of a path, for the `allow` of a 405.
 *
 * It is called only for paths that match no route, so it may walk over all patterns.
 */
export function compileAllowedMethods({ operations, trailingSlash }: ContractRoutes): (path: string) => string[] {
  const patterns = Object.values(operations).map(({ route }) => {
    const { method, path } = parseRoute(route)
    return { method, pattern: patternOf(path, trailingSlash === 'optional' ? '/?' : '') }
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

function patternOf(path: string, end: string): RegExp {
  const segments = path
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replaceAll(/[.+$]/g, String.raw`\$&`)))
  return new RegExp(`^${segments.join('/')}${end}$`)
}
