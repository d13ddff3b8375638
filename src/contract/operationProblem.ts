import { describeValue } from '../schema/describeValue.ts'
import { hint } from '../schema/validator/nearestName.ts'
import { bodyRuleOf } from './body.ts'
import type { Operation } from './operation.ts'
import { optionNames } from './options.ts'
import { responseForm } from './response.ts'
import { responsesProblem } from './responses.ts'
import { parseRoute, patternOf, type ParsedRoute } from './route.ts'
import { partProblem, schemaProblem } from './schemaProblem.ts'
import { valueProblem } from './values.ts'

/** Returns what is wrong with an operation. `taken` has the routes of those before it, and gets its own. */
export function operationProblem(
  key: string,
  operation: Operation,
  taken: Map<string, string>,
  reserved: readonly string[],
): string | undefined {
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `the name of an operation must be a JavaScript identifier, like getUser`
  if (ofOthers(key)) return `JavaScript gives the name ${key} its own meaning, use another one`
  if (optionNames.includes(key) && typeof (operation as Operation | undefined)?.route !== 'string') {
    return `${key} is an option of the contract: pass it in the third argument, contract(name, operations, { ${key} })`
  }
  if (typeof operation !== 'object' || (operation as unknown) === null) {
    return `expected an operation such as { route: 'GET /users' }, got ${describeValue(operation)}`
  }
  const unknown = Object.keys(operation).find((field) => !fields.has(field))
  if (unknown) return `unknown field "${unknown}", expected ${[...fields].join(', ')}${hint(unknown, [...fields])}`

  if (typeof operation.route !== 'string') {
    return `route must be a text like 'GET /users/:id', got ${describeValue(operation.route)}`
  }
  let route: ParsedRoute
  try {
    route = parseRoute(operation.route)
  } catch (error) {
    return (error as Error).message
  }
  const pattern = patternOf(route)
  const other = taken.get(pattern)
  if (other !== undefined) return `route "${operation.route}" is already the route of ${other}`
  taken.set(pattern, key)

  return (
    partProblem(operation) ??
    reservedProblem(route, reserved) ??
    routeProblem(operation, route) ??
    schemaProblem(operation) ??
    valueProblem(operation)
  )
}

/** Whether promises or all objects have the name: `await` would call `client.then`. */
function ofOthers(key: string): boolean {
  return key in Promise.prototype || key === 'toJSON'
}

function reservedProblem({ method, path }: ParsedRoute, reserved: readonly string[]): string | undefined {
  const taken = reserved.find((prefix) => path === prefix || path.startsWith(`${prefix}/`))
  return taken && `route "${method} ${path}": ${taken} is reserved for tricube, use another path`
}

function routeProblem(operation: Operation, route: ParsedRoute): string | undefined {
  const { params, body, compressedBody } = operation
  const { method, path, pathParams } = route
  if (params) {
    const missing = pathParams.find((name) => !Object.hasOwn(params, name))
    if (missing !== undefined) return `path parameter ":${missing}" has no schema in params`
    const extra = Object.keys(params).find((name) => !pathParams.includes(name))
    if (extra !== undefined) return `params.${extra} is not in the route "${method} ${path}"`
  }
  if (compressedBody !== undefined && typeof compressedBody !== 'boolean') {
    return `compressedBody must be true or false, got ${describeValue(compressedBody)}`
  }
  if (compressedBody && !body) return 'compressedBody needs a body'
  if (compressedBody && body && bodyRuleOf(body).form === 'multipart') {
    return 'compressedBody: a multipart body cannot be compressed'
  }
  if (method === 'GET' && body) return 'a GET cannot have a body, use query or another method'
  return responseForm(operation).problem(operation, method) ?? responsesProblem(operation)
}

const fields: ReadonlySet<string> = new Set<keyof Operation>([
  'route',
  'summary',
  'description',
  'tags',
  'params',
  'query',
  'headers',
  'body',
  'compressedBody',
  'returns',
  'status',
  'responses',
  'responseHeaders',
  'cookies',
  'setCookies',
  'etag',
  'cacheControl',
  'paginated',
  'cursor',
  'errors',
  'idempotent',
  'timeoutMs',
  'auth',
  'scopes',
  'callers',
  'rateLimit',
  'priority',
  'internal',
  'deprecated',
])
