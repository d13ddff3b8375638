/** The HTTP methods of operations. HEAD follows GET, and OPTIONS belongs to CORS. */
export const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** One of the HTTP methods of operations. */
export type Method = (typeof methods)[number]

/** A method and a path, for example `GET /users/:id`. */
export type Route = `${Method} /${string}`

/** The names of a route's path parameters: `'id'` for `GET /users/:id`, and `'*'` for a wildcard at its end. */
export type PathParamNames<Text extends string> = NamedParams<Text> | (Text extends `${string}/*` ? '*' : never)

type NamedParams<Text extends string> = Text extends `${string}/:${infer Tail}`
  ? Tail extends `${infer Name}/${infer Rest}`
    ? Name | NamedParams<`/${Rest}`>
    : Tail
  : never

/** A parsed route. */
export interface ParsedRoute {
  readonly method: Method
  readonly path: string
  readonly pathParams: readonly string[]
}

/**
 * Parses a route.
 *
 * @throws {SyntaxError} saying what a route looks like
 */
export function parseRoute(route: string): ParsedRoute {
  const space = route.indexOf(' ')
  const method = route.slice(0, space)
  const path = route.slice(space + 1)
  if (!isMethod(method)) {
    throw new SyntaxError(`route "${route}": unknown method "${method}", expected one of ${methods.join(', ')}`)
  }
  if (!pathSyntax.test(path)) {
    throw new SyntaxError(`route "${route}": expected a path like /users/:id or /files/*, without a trailing slash`)
  }
  const pathParams = [...path.matchAll(/:(\w+)|\*$/g)].map(([, name = '*']) => name)
  if (new Set(pathParams).size < pathParams.length) {
    throw new SyntaxError(`route "${route}": a path parameter occurs twice, rename one`)
  }
  return { method, path, pathParams }
}

/** The route without the names of its parameters: two routes with the same pattern match the same requests. */
export function patternOf({ method, path }: ParsedRoute): string {
  return `${method} ${path.replaceAll(/:\w+/g, ':')}`
}

const pathSyntax = /^\/$|^\/\*$|^(\/(:[A-Za-z_]\w*|[\w.~!$&'+,;=@%-]+))+(\/\*)?$/

/** Returns operations whose paths begin with a prefix. What is wrong with them is left to their check. */
export function withPrefix<Ops extends Readonly<Record<string, { readonly route: Route }>>>(
  operations: Ops,
  prefix: string | undefined,
): Ops {
  if (typeof prefix !== 'string' || typeof operations !== 'object') return operations
  const entries = Object.entries(operations).map(([name, operation]) => {
    const route: unknown = operation?.route
    if (typeof route !== 'string') return [name, operation]
    const [method, path] = route.split(' ', 2) as [string, string | undefined]
    return [name, { ...operation, route: `${method} ${prefix}${path === '/' ? '' : path}` }]
  })
  return Object.fromEntries(entries) as Ops
}

function isMethod(text: string): text is Method {
  return (methods as readonly string[]).includes(text)
}
