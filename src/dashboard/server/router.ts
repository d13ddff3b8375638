import type { IncomingMessage, ServerResponse } from 'node:http'

/** A request with what its path and its query say. */
export interface RouteRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The values of `:name` in the path. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
}

/** Who may use a route: anybody (`public`), a page with the cookie (`page`), or a program that knows the path (`program`). */
export type Audience = 'public' | 'page' | 'program'

/** A route of the dashboard. `POST` is the only method that changes something. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** `/api/traces/:id` */
  readonly path: string
  readonly for: Audience
  handle(request: RouteRequest): void | Promise<void>
}

/** A route that fits a request. */
export interface RouteMatch {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

/** Compiles routes. Returns the route of a path and a method, `method` if only the method is wrong, or undefined. */
export function router(routes: readonly Route[]): (method: string, path: string) => RouteMatch | 'method' | undefined {
  const compiled = routes.map((route) => ({ route, parts: route.path.split('/') }))
  return (method, path) => {
    const parts = path.split('/')
    let isOtherMethod = false
    for (const { route, parts: expected } of compiled) {
      const params = parts.length === expected.length ? paramsOf(expected, parts) : undefined
      if (!params) continue
      if (route.method === method) return { route, params }
      isOtherMethod = true
    }
    return isOtherMethod ? 'method' : undefined
  }
}

function paramsOf(expected: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {}
  for (const [i, name] of expected.entries()) {
    if (name.startsWith(':')) params[name.slice(1)] = decoded(parts[i]!)
    else if (name !== parts[i]) return undefined
  }
  return params
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
