import { METHODS } from 'node:http'
import { describeValue } from '../../schema/describeValue.ts'
import { isPlain } from '../../config/rules.ts'
import type { HttpMocks, HttpRoutes } from './types.ts'

type Replier = HttpRoutes[string]

/** A route of a host. */
interface HostRoute {
  readonly title: string
  readonly method: string
  readonly pattern: RegExp
  /** How many of its parts are literal: the most specific route wins. */
  readonly literals: number
  readonly replier: Replier
}

/** The route that a request matches. */
export interface Match {
  readonly title: string
  readonly replier: Replier
  readonly params: Readonly<Record<string, string>>
}

/** The mocked routes of all hosts. */
export class RouteTable {
  /** By origin and then by title; `real` for a host that is really called. */
  readonly #hosts = new Map<string, Map<string, HostRoute> | 'real'>()

  readonly #service: string

  constructor(service: string) {
    this.#service = service
  }

  /** @throws {TypeError} when a URL or a route is wrong */
  add(mocks: HttpMocks): void {
    if (!isPlain(mocks))
      throw new TypeError(`${this.#service}: http: expected routes by URL, got ${describeValue(mocks)}`)
    for (const [base, routes] of Object.entries(mocks)) {
      const { origin, pathname } = parseBase(this.#service, base)
      if (routes === 'real') this.#hosts.set(origin, 'real')
      else this.#addRoutes(origin, pathname, base, routes)
    }
  }

  /** Whether a host is really called. */
  isReal(origin: string): boolean {
    return this.#hosts.get(origin) === 'real'
  }

  /** The titles of a host's routes; undefined for a host without mocks. */
  titles(origin: string): readonly string[] | undefined {
    const routes = this.#hosts.get(origin)
    return routes && routes !== 'real' ? [...routes.keys()] : undefined
  }

  match(origin: string, method: string, pathname: string): Match | undefined {
    const routes = this.#hosts.get(origin)
    if (!routes || routes === 'real') return undefined
    const [best] = [...routes.values()]
      .filter((route) => route.method === method && route.pattern.test(pathname))
      .toSorted((a, b) => b.literals - a.literals)
    if (!best) return undefined
    const groups = best.pattern.exec(pathname)!.groups ?? {}
    const params = Object.fromEntries(Object.entries(groups).map(([name, text]) => [name, decodeURIComponent(text)]))
    return { title: best.title, replier: best.replier, params }
  }

  #addRoutes(origin: string, basePath: string, base: string, routes: HttpRoutes): void {
    const where = `${this.#service}: http[${JSON.stringify(base)}]`
    if (!isPlain(routes)) {
      throw new TypeError(`${where}: expected replies by route, or "real", got ${describeValue(routes)}`)
    }
    const known = this.#hosts.get(origin)
    const host = known && known !== 'real' ? known : new Map<string, HostRoute>()
    this.#hosts.set(origin, host)
    for (const [route, replier] of Object.entries(routes)) {
      if (typeof replier !== 'function' && !isPlain(replier)) {
        throw new TypeError(
          `${where}[${JSON.stringify(route)}]: expected a reply like { status: 200, body: {} }, or a function that returns one, got ${describeValue(replier)}`,
        )
      }
      const compiled = compileRoute(where, route, basePath.replace(/\/$/, ''), replier)
      host.set(compiled.title, compiled)
    }
  }
}

function parseBase(service: string, base: string): URL {
  const url = URL.canParse(base) ? new URL(base) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    throw new TypeError(`${service}: http: expected URLs like "https://psp.example", got ${JSON.stringify(base)}`)
  }
  return url
}

function compileRoute(where: string, route: string, basePath: string, replier: Replier): HostRoute {
  const [, method, path] = /^([A-Z]+) (\/[^?#\s]*)$/.exec(route) ?? []
  if (method === undefined || path === undefined || !METHODS.includes(method)) {
    throw new TypeError(
      `${where}: expected a method and a path without a query, like "POST /charges", got ${JSON.stringify(route)}`,
    )
  }
  const parts = (basePath + path).split('/')
  const sources = parts.map((part, i) => {
    if (part === '*' && i === parts.length - 1) return '.*'
    if (/^:[A-Za-z_]\w*$/.test(part)) return `(?<${part.slice(1)}>[^/]+)`
    return part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  })
  return {
    title: `${method} ${basePath}${path}`,
    method,
    pattern: new RegExp(`^${sources.join('/')}$`),
    literals: parts.filter((part) => part !== '*' && !part.startsWith(':')).length,
    replier,
  }
}
