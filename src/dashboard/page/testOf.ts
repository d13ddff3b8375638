/** Writes a test that repeats a request of a trace. */
import { repeatsOf } from '../model/repeats.ts'
import { statementOf, statusOf, type StoredSpan } from '../model/span.ts'
import { dateAndClock, duration } from './format.ts'
import { operationsOf, resolved, startValue, type OpenApi, type TryOperation } from './operations.ts'

/** A call to another service: `role-service.getRole`. */
export interface Callee {
  readonly service: string
  readonly operation: string
  readonly status: number | undefined
  readonly hasFailed: boolean
}

/** The calls that a request made to other services, each operation once: the first that failed, or the last. */
export function calleesOf(of: StoredSpan, spans: readonly StoredSpan[]): Callee[] {
  const below = descendantsOf(of, spans)
  const callees = new Map<string, Callee>()
  for (const span of below) {
    if (span.kind !== 'client' || span.service !== of.service || statementOf(span) !== undefined) continue
    const [, service, operation] = /^([\w-]+)\.([A-Za-z_$][\w$]*)$/.exec(span.name) ?? []
    if (service === undefined || operation === undefined || callees.get(span.name)?.hasFailed) continue
    callees.set(span.name, { service, operation, status: statusOf(span), hasFailed: span.error !== undefined })
  }
  return [...callees.values()]
}

/** Returns the test as text. Names and values from the trace are in it as literals only. */
export function testOf(of: StoredSpan, spans: readonly StoredSpan[], documents: ReadonlyMap<string, OpenApi>): string {
  const document = documents.get(of.service)
  const operation = document && operationsOf(of.service, document).find(({ name }) => name === of.name)
  const callees = calleesOf(of, spans)
  const status = statusOf(of) ?? 200
  const failing = callees.find(({ hasFailed }) => hasFailed)
  const errors = new Set(callees.flatMap((callee) => (callee.hasFailed ? [errorOf(callee.status)] : [])))
  const title = `${of.name} responds with ${status}${failing ? ` when ${failing.service}.${failing.operation} fails` : ''}`
  const repeats = repeatsOf(descendantsOf(of, spans))
  return `${[
    ...(errors.size > 0 ? [`import { ${[...errors].toSorted().join(', ')} } from 'tricube'`] : []),
    `import { testService } from 'tricube/testing'`,
    `import { expect, it } from 'vitest'`,
    ...[...new Set(callees.map(({ service }) => service))].map(
      (name) => `import { ${identifier(name)} } from '../${name}/contract.ts'`,
    ),
    `import service from './service.ts'`,
    '',
    `// Made of trace ${of.traceId}: ${duration(of.durationMs)}, at ${dateAndClock(of.startMs)}`,
    `it(${JSON.stringify(title)}, async () => {`,
    `  await using app = await testService(service)`,
    ...callees.map((callee) => `  ${mockOf(callee, documents)}`),
    ...callLines(of, operation, document, status).map((line) => `  ${line}`),
    ...repeats.map(({ text }) => `  ${statementLimit(nameOfStatement(text, spans))}`),
    `})`,
  ].join('\n')}\n`
}

function mockOf(callee: Callee, documents: ReadonlyMap<string, OpenApi>): string {
  const { service, operation, status, hasFailed } = callee
  const mock = `app.mock(${identifier(service)}).${operation}`
  if (hasFailed) return `${mock}.throws(new ${errorOf(status)}('as in the trace'))`
  return `${mock}.returns(${literal(responseOf(service, operation, documents))})`
}

/** An example of what an operation returns; an empty object when its service does not run. */
function responseOf(service: string, name: string, documents: ReadonlyMap<string, OpenApi>): unknown {
  const document = documents.get(service)
  const operation = document && operationsOf(service, document).find((each) => each.name === name)
  const schema = operation?.responses.find(([status]) => status.startsWith('2'))?.[2]
  if (!document || !schema) return {}
  const { properties } = resolved(schema, document) as { readonly properties?: { readonly data?: object } }
  // The envelope of a response has its data in `data`.
  return startValue((properties?.data as never) ?? schema, document)
}

function callLines(
  of: StoredSpan,
  operation: TryOperation | undefined,
  document: OpenApi | undefined,
  status: number,
): string[] {
  const { attributes } = of
  if (!operation || !document || !/^[A-Za-z_$][\w$]*$/.test(of.name)) {
    const method = attributes['http.request.method'] ?? 'GET'
    return [
      `const response = await app.inject({ method: ${JSON.stringify(method)}, url: ${JSON.stringify(attributes['url.path'] ?? '/')} })`,
      `expect(response.statusCode).toBe(${status})`,
    ]
  }
  const params = paramsOf(operation, attributes['url.path'] ?? '')
  const query = operation.parameters.filter(({ in: where, required }) => where === 'query' && required)
  const input = {
    ...(Object.keys(params).length > 0 && { params }),
    ...(query.length > 0 && {
      query: Object.fromEntries(query.map(({ name, schema = {} }) => [name, startValue(schema, document)])),
    }),
    ...(operation.body && { body: startValue(operation.body, document) }),
  }
  const call = `app.client.${of.name}(${Object.keys(input).length > 0 ? literal(input) : ''})`
  return status >= 400
    ? [`await expect(${call}).rejects.toMatchObject({ status: ${status} })`]
    : [`const response = await ${call}`, `expect(response.status).toBe(${status})`]
}

/** The parameters in a path, as values of their types. */
function paramsOf({ path, parameters }: TryOperation, actual: string): Record<string, unknown> {
  const parts = actual.split('/')
  return Object.fromEntries(
    path.split('/').flatMap((part, i) => {
      const [, name] = /^\{(.+)\}$/.exec(part) ?? []
      if (name === undefined) return []
      const type = parameters.find((each) => each.in === 'path' && each.name === name)?.schema?.['type']
      const text = decoded(parts[i] ?? '')
      return [[name, type === 'integer' || type === 'number' ? Number(text) : text]]
    }),
  )
}

function nameOfStatement(text: string, spans: readonly StoredSpan[]): string {
  return spans.find((span) => statementOf(span) === text)?.name ?? ''
}

/** A loop around a query shows in how often it runs. */
function statementLimit(name: string): string {
  return `expect(app.spans.filter((span) => span.name === ${JSON.stringify(name)}).length)\n    .toBeLessThan(5)`
}

function descendantsOf(of: StoredSpan, spans: readonly StoredSpan[]): StoredSpan[] {
  const ids = new Set([of.id])
  let found: StoredSpan[] = []
  for (let size = 0; ids.size > size;) {
    size = ids.size
    found = spans.filter(({ parentId }) => parentId !== undefined && ids.has(parentId))
    for (const { id } of found) ids.add(id)
  }
  return found
}

/** `role-service` is `roleService` in a contract. */
function identifier(service: string): string {
  return service.replaceAll(/[^\w]+(\w?)/g, (_, letter: string) => letter.toUpperCase()).replace(/^(?=\d)/, '_')
}

function literal(value: unknown): string {
  return JSON.stringify(value, undefined, 1)
    .replaceAll(/\n\s*/g, ' ')
    .replaceAll(/"([A-Za-z_$][\w$]*)": /g, '$1: ')
}

const errorNames: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  402: 'PaymentRequired',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Gone',
  412: 'PreconditionFailed',
  422: 'UnprocessableEntity',
  429: 'TooManyRequests',
}

/** A call without a response is as one to a service that is down. */
function errorOf(status: number | undefined): string {
  return (status !== undefined && errorNames[status]) || 'ServiceUnavailable'
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
