import { describeValue } from '../schema/describeValue.ts'
import { jsonOf, jsonSchemaProblem, notSchema } from '../schema/standard/json.ts'
import type { Schema, SchemaInput, SchemaOutput, Schemas } from '../schema/standard/spec.ts'
import { isText } from '../schema/text.ts'
import { cacheControlProblem } from './cacheControl.ts'
import { cookiesProblem, type Cookies } from './cookie.ts'
import { fileTypeOf } from './file.ts'
import { redirectOf, type Redirect, type RedirectStatus } from './redirect.ts'
import type { ResponseFields } from './responseForm.ts'
import { parseRoute } from './route.ts'

// What an operation may respond with besides its data: other statuses, headers, cookies, a tag.

/** The fields of an operation that describe what else its response may have. */
export interface ResponseOptions {
  /** HTTP status of success. Default 200. */
  readonly status?: number
  /**
   * Other statuses of success, which the handler chooses by `response.status`: the schema of the data, or `null` for none.
   * 204, 205 and 304 have no body.
   */
  readonly responses?: Readonly<Record<number, Schema | null>>
  /** Schemas of the headers that the handler sets by `response.header`, with names in lower case. */
  readonly responseHeaders?: Schemas
  /** Cookies that the handler reads as `cookies`. */
  readonly cookies?: Cookies
  /** Cookies that the handler sets by `response.cookie`. */
  readonly setCookies?: Cookies
  /**
   * Sends an `etag`. A GET whose `if-none-match` has it gets a 304. Other operations check `if-match` by
   * `response.ifMatch`: another version is a 412. `required` makes a missing `if-match` a 428. Default: false.
   */
  readonly etag?: boolean | 'required'
  /** The `cache-control` of successful responses, for example `private, max-age=60`. */
  readonly cacheControl?: string
}

type AnyOperation = ResponseOptions & ResponseFields & { readonly route: string }

/** The statuses among which a handler may choose. */
export type StatusOf<Op extends ResponseOptions & ResponseFields> =
  | (Op['returns'] extends Redirect ? RedirectStatus : Op['status'] extends number ? Op['status'] : 200)
  | (Op['responses'] extends object ? keyof Op['responses'] & number : never)

/** The data of the other responses, as the handler returns it. */
export type OtherOutputOf<Op extends ResponseOptions> = Op['responses'] extends object
  ? OutputDataOf<Op['responses'][keyof Op['responses']]>
  : never

/** The data of the other responses, as the caller gets it. */
export type OtherDataOf<Op extends ResponseOptions> = Op['responses'] extends object
  ? DataOf<Op['responses'][keyof Op['responses']]>
  : never

/** The data of one response, as the handler returns it. */
type OutputDataOf<Returns> = Returns extends Schema ? SchemaInput<Returns> : void

/** The data of one response, as the caller gets it. */
export type DataOf<Returns> = Returns extends Schema ? SchemaOutput<Returns> : void

/** Returns the status of success. */
export function usualStatus({ route, status = 200, returns }: AnyOperation): number {
  const redirect = redirectOf(returns)
  return redirect ? (redirect.status ?? (route.startsWith('GET ') ? 302 : 303)) : status
}

/** Returns the schemas of the data by status, the usual one first; undefined without data. */
export function successes(operation: AnyOperation): ReadonlyMap<number, Schema | undefined> {
  const others = Object.entries(operation.responses ?? {}).map(
    ([status, schema]) => [Number(status), schema ?? undefined] as const,
  )
  return new Map([[usualStatus(operation), operation.returns], ...others])
}

/** Whether responses with a status have a body. RFC 9110, 15.3.5, 15.3.6 and 15.4.5 */
export function hasBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304
}

/** Whether a handler may change its response, or the response depends on more than the data. */
export function hasResponseOptions(operation: AnyOperation): boolean {
  const { responses, responseHeaders, setCookies, etag, cacheControl, returns } = operation
  const some = responses ?? responseHeaders ?? setCookies ?? cacheControl
  return (
    some !== undefined ||
    (etag ?? false) !== false ||
    redirectOf(returns) !== undefined ||
    fileTypeOf(returns) !== undefined
  )
}

type CheckedOperation = AnyOperation & { readonly idempotent?: unknown }

/** Returns what is wrong with the response options of an operation. */
export function responsesProblem(operation: CheckedOperation): string | undefined {
  const { responses, responseHeaders, setCookies, cookies, etag, cacheControl, idempotent } = operation
  const problem =
    fileProblem(operation) ??
    statusesProblem(operation) ??
    headersProblem(operation) ??
    cookiesProblem('cookies', cookies) ??
    cookiesProblem('setCookies', setCookies) ??
    etagProblem(operation) ??
    cacheControlProblem(cacheControl)
  if (problem) return problem
  if (idempotent === 'by key' && (responses ?? responseHeaders ?? setCookies ?? (etag || undefined))) {
    return `idempotent: 'by key' stores the data alone, remove responses, responseHeaders, setCookies and etag`
  }
  return undefined
}

function fileProblem({ returns, paginated, etag, status, idempotent }: CheckedOperation): string | undefined {
  if (fileTypeOf(returns) === undefined) return undefined
  if (paginated) return 'a file has no pages, remove paginated'
  if (etag) return 'a file has an etag already, remove etag'
  if (status !== undefined && status !== 200) return `the status of a file is 200, or 206 for a part, remove status`
  return idempotent === 'by key' ? `idempotent: 'by key' stores no files, remove it` : undefined
}

function statusesProblem(operation: AnyOperation): string | undefined {
  const { responses, status, returns, paginated } = operation
  const redirect = redirectOf(returns)
  if (redirect && status !== undefined) return 'the status of a redirect is an option of redirect(), remove status'
  if (redirect && paginated) return 'a redirect has no pages, remove paginated'
  if (responses === undefined) return undefined
  if (typeof responses !== 'object' || (responses as unknown) === null) {
    return `responses must be schemas by status, like { 202: Job }, got ${describeValue(responses)}`
  }
  for (const [key, schema] of Object.entries(responses)) {
    const other = Number(key)
    if (!(Number.isInteger(other) && ((other >= 200 && other <= 299) || other === 304))) {
      return `responses[${key}]: a status of success is 200 to 299, or 304; errors belong in errors`
    }
    if (other === usualStatus(operation)) return `responses[${key}] is already the status, remove it`
    const wrong = schema === null ? undefined : notSchema(schema, 'or null for no data')
    if (wrong) return `responses[${key}] ${wrong}`
    if (schema !== null && !hasBody(other)) return `responses[${key}] cannot have a body: use null`
    if (schema !== null && paginated) return `responses[${key}]: a paginated operation has no other data, use null`
  }
  return undefined
}

function headersProblem({ responseHeaders = {}, cacheControl, etag }: AnyOperation): string | undefined {
  for (const [name, schema] of Object.entries(responseHeaders)) {
    const where = `responseHeaders.${name}`
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return `${where} is not the name of a header`
    if (name !== name.toLowerCase()) return `${where} must be in lower case: ${name.toLowerCase()}`
    const wrong = notSchema(schema, 'like t.String()')
    const problem = wrong === undefined ? jsonSchemaProblem(schema, 'output', where) : `${where} ${wrong}`
    if (problem) return problem
    if (!isText(jsonOf(schema, 'output'))) return `${where}: a header is text, use a scalar or a list of scalars`
    if (ownHeaders.has(name)) return `${where} is set by tricube`
    if (name === 'set-cookie') return `${where}: use setCookies`
    if (name === 'etag' && etag) return `${where} is set by etag, use response.etag(version)`
    if (name === 'cache-control' && cacheControl !== undefined) return `${where} is also cacheControl, remove one`
  }
  return undefined
}

function etagProblem({ route, etag, returns, paginated }: AnyOperation): string | undefined {
  if (etag !== undefined && typeof etag !== 'boolean' && etag !== 'required') {
    return `etag must be true, false or 'required', got ${describeValue(etag)}`
  }
  const { method } = parseRoute(route)
  if (etag === 'required' && method === 'GET')
    return `etag: 'required' is for operations that change something, use true`
  if (etag && method === 'GET' && !returns && !paginated) return 'etag needs returns'
  return etag && redirectOf(returns) ? 'a redirect has no etag' : undefined
}

/** Headers that describe the connection or the body. */
const ownHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
])
