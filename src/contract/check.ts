import { describeValue } from '../schema/describeValue.ts'
import { OptionalKind } from '@sinclair/typebox'
import { accessProblem, authProblem, forgottenAuth } from './auth.ts'
import { bodyRuleOf, formFieldsOf } from './body.ts'
import { deprecationProblem } from './deprecation.ts'
import { partsOf } from './multipart.ts'
import type { Operation, Operations } from './operation.ts'
import type { ContractOptions } from './options.ts'
import { responseForm } from './response.ts'
import { responsesProblem } from './responses.ts'
import { parseRoute, patternOf, type ParsedRoute } from './route.ts'
import { schemaFault } from './schemaFault.ts'
import { valueProblem } from './values.ts'
import { queryProblem } from '../schema/query.ts'
import { isSchema } from '../schema/schema.ts'
import { jsonOf, notSchema } from '../schema/standard/json.ts'
import { isForeign, type Schema } from '../schema/standard/spec.ts'
import { isText } from '../schema/text.ts'
import { hint } from '../schema/validator/nearestName.ts'

/**
 * The error of an invalid contract. Its message is one line that names the operation.
 *
 * @example
 * try {
 *   contract('user-service', { getUser: { route: 'GET users' as `GET /${string}` } })
 * } catch (error) {
 *   if (error instanceof ContractError) console.error(error.message)
 * }
 */
export class ContractError extends TypeError {
  override readonly name: string = 'ContractError'
}

/**
 * Checks a contract when it is defined: what the compiler cannot see, and all of it for callers in JavaScript.
 *
 * @throws {ContractError} at the first mistake
 */
export function checkContract(
  name: string,
  operations: Operations,
  options: ContractOptions,
  { reserved = reservedPaths }: { readonly reserved?: readonly string[] } = {},
): void {
  if (typeof operations !== 'object' || (operations as unknown) === null) {
    throw new ContractError(
      `contract "${name}": expected an object of operations such as { getUser: { route: 'GET /users/:id' } }, got ${describeValue(operations)}`,
    )
  }
  const { envelope, partitioned, prefix, trailingSlash, auth } = options
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new ContractError(`contract "${name}": the name must be kebab-case, like user-service`)
  }
  if (envelope !== undefined && envelope !== 'standard' && envelope !== 'plain') {
    throw new ContractError(
      `contract "${name}": envelope must be 'standard' or 'plain', got ${describeValue(envelope)}`,
    )
  }
  if (partitioned !== undefined && typeof partitioned !== 'boolean') {
    throw new ContractError(`contract "${name}": partitioned must be true or false, got ${describeValue(partitioned)}`)
  }
  const wrongAuth = authProblem(auth)
  if (wrongAuth) throw new ContractError(`contract "${name}": ${wrongAuth}`)
  if (prefix !== undefined && !(typeof prefix === 'string' && /^(\/[\w.~-]+)+$/.test(prefix))) {
    throw new ContractError(`contract "${name}": prefix must be a path like /v1, got ${describeValue(prefix)}`)
  }
  if (trailingSlash !== undefined && trailingSlash !== 'never' && trailingSlash !== 'optional') {
    throw new ContractError(
      `contract "${name}": trailingSlash must be 'never' or 'optional', got ${describeValue(trailingSlash)}`,
    )
  }
  const unknown = Object.keys(options).find((option) => !optionNames.includes(option))
  if (unknown !== undefined) {
    throw new ContractError(
      `contract "${name}": unknown option "${unknown}", expected ${optionNames.join(', ')}${hint(unknown, optionNames)}`,
    )
  }
  const taken = new Map<string, string>()
  for (const [key, operation] of Object.entries(operations)) {
    const problem =
      problemOf(key, operation, taken, reserved) ??
      accessProblem(operation, auth) ??
      deprecationProblem(operation, operations)
    if (problem) throw new ContractError(`${name}.${key}: ${problem}`)
  }
  const forgotten = forgottenAuth(operations, auth)
  if (forgotten !== undefined) {
    throw new ContractError(
      `${name}.${forgotten}: auth is missing, but another operation has one: set 'public' here, or give the contract a default like { auth: 'user' }`,
    )
  }
}

function problemOf(
  key: string,
  operation: Operation,
  taken: Map<string, string>,
  reserved: readonly string[],
): string | undefined {
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `the name of an operation must be a JavaScript identifier, like getUser`
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

/** Schemas are given by name where they are read from text, and as one where they are JSON. */
function partProblem(operation: Operation): string | undefined {
  const part = textParts.find((name) => isSchema(operation[name]) || isForeign(operation[name]))
  return part && `${part} must be a plain object of schemas, like { id: t.Integer() }`
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

function schemaProblem(operation: Operation): string | undefined {
  for (const part of textParts) {
    const properties = operation[part]
    if (properties === undefined) continue
    for (const [name, schema] of Object.entries(properties)) {
      const wrong = notSchema(schema, 'like t.String()')
      if (wrong) return `${part}.${name} ${wrong}`
      if (part === 'headers' && name !== name.toLowerCase()) {
        return `headers.${name} must be in lower case: ${name.toLowerCase()}`
      }
      const path = `${part}.${name}`
      const problem =
        schemaFault(part === 'query' ? withoutStyle(schema) : schema, 'input', path) ?? textProblem(schema, part, name)
      if (problem) return problem
    }
  }
  for (const part of ['body', 'returns', 'cursor'] as const) {
    const schema = operation[part]
    if (schema === undefined) continue
    const wrong = notSchema(schema, 'like t.Object({ … })')
    if (wrong) return `${part} ${wrong}`
    if (OptionalKind in schema) {
      return `${part} cannot be optional: make its fields optional, or allow null with t.Union([…, t.Null()])`
    }
    const problem = schemaFault(schema, part === 'returns' ? 'output' : 'input', part)
    if (problem) return problem
  }
  const formProblem = operation.body && fieldsProblem(operation.body)
  if (formProblem) return formProblem
  const { responses = {}, responseHeaders = {} } = operation
  const others = [
    ...Object.entries(responses).map(([status, schema]) => [`responses[${status}]`, schema] as const),
    ...Object.entries(responseHeaders).map(([name, schema]) => [`responseHeaders.${name}`, schema] as const),
  ]
  for (const [where, schema] of others) {
    const problem = schema && schemaFault(schema, 'output', where)
    if (problem) return problem
  }
  return undefined
}

/** Returns which field of a form no text can match. */
function fieldsProblem(body: Schema): string | undefined {
  const { form } = bodyRuleOf(body)
  if (form !== 'form' && form !== 'multipart') return undefined
  const fields = Object.entries(form === 'form' ? formFieldsOf(body) : partsOf(body).fields)
  const wrong = fields.find(([, schema]) => !isText(jsonOf(schema, 'input')))
  if (wrong) return `body.${wrong[0]}: a form is text and cannot hold an object or a list of lists`
  for (const [name, schema] of fields) {
    const problem = schemaFault(schema, 'input', `body.${name}`)
    if (problem) return problem
  }
  return undefined
}

/** Returns why no text can match a schema. */
function textProblem(schema: Schema, part: (typeof textParts)[number], name: string): string | undefined {
  if (part === 'query') {
    const problem = queryProblem(schema)
    return problem && `query.${name}: ${problem}`
  }
  if (isText(jsonOf(schema, 'input'))) return undefined
  const where = { params: 'a path', headers: 'a header' }[part]
  return `${part}.${name}: ${where} is text and cannot hold an object or a list of lists, use a scalar or a list of scalars`
}

/** The style of a parameter is none of the keywords of its schema. */
function withoutStyle(schema: Schema): Schema {
  if (!isSchema(schema)) return schema
  const { style: _, ...rest } = schema
  return rest
}

const textParts = ['params', 'query', 'headers'] as const

const reservedPaths = ['/docs', '/health', '/metrics', '/openapi', '/tricube'] as const

const optionNames: readonly string[] = [
  'title',
  'description',
  'version',
  'envelope',
  'prefix',
  'trailingSlash',
  'auth',
  'partitioned',
  'events',
]

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
