import { schemesOf } from '../contract/auth.ts'
import { bodyRuleOf } from '../contract/body.ts'
import { wireName, type Cookies } from '../contract/cookie.ts'
import type { Deprecation } from '../contract/deprecation.ts'
import { kindOf } from '../contract/errorClass.ts'
import { fileTypeOf } from '../contract/file.ts'
import { partsOf, type FileRule } from '../contract/multipart.ts'
import { isIdempotent, type Operation } from '../contract/operation.ts'
import { redirectOf } from '../contract/redirect.ts'
import { usualStatus } from '../contract/responses.ts'
import { queryStyles } from '../schema/query.ts'
import { jsonSchemaOf, type JsonSchema } from '../schema/schema.ts'
import type { Side } from '../schema/standard/describe.ts'
import { jsonOf, objectSchema } from '../schema/standard/json.ts'
import type { Schema, Schemas } from '../schema/standard/spec.ts'

/** An operation in `contract.json`. Fields that are not named here are compared as a whole. */
export interface OperationDocument {
  readonly route: string
  readonly status: number
  readonly params?: JsonSchema
  readonly query?: JsonSchema
  readonly headers?: JsonSchema
  readonly cookies?: Readonly<Record<string, CookieDocument>>
  readonly body?: JsonSchema
  /** How the body is read; undefined for JSON. */
  readonly content?: ContentDocument
  /** The files of a multipart body. */
  readonly files?: Readonly<Record<string, FileRule>>
  readonly returns?: JsonSchema
  /** The media type of a download. */
  readonly file?: string
  /** Whether it responds with a redirect. */
  readonly redirect?: boolean
  /** The data of other statuses; null without data. */
  readonly responses?: Readonly<Record<string, JsonSchema | null>>
  readonly responseHeaders?: JsonSchema
  readonly setCookies?: Readonly<Record<string, CookieDocument>>
  readonly etag?: boolean | 'required'
  readonly cacheControl?: string
  readonly compressedBody: boolean
  readonly paginated: boolean | 'cursor'
  /** The names of the error classes by their codes. */
  readonly errors: Readonly<Record<string, string>>
  readonly idempotent: boolean | 'by key'
  readonly priority: string
  readonly internal: boolean
  readonly deprecated: boolean | Deprecation
  readonly callers?: readonly string[]
  readonly timeoutMs?: number
  readonly rateLimit?: { readonly key: unknown; readonly limit: number; readonly windowMs: number }
  readonly [field: string]: unknown
}

/** A cookie in `contract.json`, under its name on the wire. A cookie of requests has `signed` alone. */
export interface CookieDocument {
  readonly signed: boolean
  readonly maxAgeSeconds?: number
  readonly path?: string
  readonly domain?: string
  readonly sameSite?: 'strict' | 'lax' | 'none'
  readonly secure?: boolean
  readonly httpOnly?: boolean
}

/** How a body that is not JSON is read, in `contract.json`. */
export interface ContentDocument {
  readonly form: string
  readonly types?: readonly string[]
  readonly maxBytes?: number
}

/** Returns what callers depend on, without the documentation. */
export function operationDocument(operation: Operation): object {
  const { summary: _, description: _description, tags: _tags, ...rest } = operation
  const { params, query, headers, body, cursor, errors = [], scopes, callers } = rest
  const objects = mapValues({ params, query, headers }, (schemas?: Schemas) => schemas && propertySchema(schemas))
  const styles = queryStyles(query ?? {})
  return {
    ...rest,
    ...objects,
    ...bodyDocument(body),
    ...responseDocument(operation),
    cookies: rest.cookies && cookieDocuments(rest.cookies, ({ signed }) => ({ signed })),
    cursor: cursor && plainSchema(cursor, 'input'),
    styles: styles.size > 0 ? Object.fromEntries(styles) : undefined,
    auth: schemesOf(rest).length > 0 ? schemesOf(rest).toSorted() : undefined,
    scopes: scopes?.toSorted(),
    callers: callers?.toSorted(),
    priority: rest.priority ?? 'normal',
    paginated: rest.paginated ?? false,
    internal: rest.internal ?? false,
    deprecated: rest.deprecated ?? false,
    compressedBody: rest.compressedBody ?? false,
    etag: rest.etag || undefined,
    idempotent: rest.idempotent === 'by key' ? 'by key' : isIdempotent(operation),
    errors: Object.fromEntries(errors.map((errorClass) => [kindOf(errorClass).code, errorClass.name])),
  }
}

/** Returns the plain JSON Schema of a schema. */
export function plainSchema(schema: Schema, side: Side): JsonSchema {
  return jsonSchemaOf(jsonOf(schema, side))
}

function propertySchema(schemas: Schemas): JsonSchema {
  return jsonSchemaOf(objectSchema(schemas))
}

function bodyDocument(body: Schema | undefined): Partial<OperationDocument> {
  if (body === undefined) return {}
  const { form, types, maxBytes } = bodyRuleOf(body)
  if (form === 'json') return { body: plainSchema(body, 'input') }
  if (form === 'multipart') {
    const { fields, files } = partsOf(body)
    return { body: propertySchema(fields), content: { form }, files: mapValues(files, fileDocument) }
  }
  const limit = maxBytes === undefined ? {} : { maxBytes }
  return { body: plainSchema(body, 'input'), content: { form, types: types.toSorted(), ...limit } }
}

function fileDocument({ types, ...rule }: FileRule): FileRule {
  return types === undefined ? rule : { ...rule, types: types.map((type) => type.toLowerCase()).toSorted() }
}

function responseDocument(operation: Operation): object {
  const { returns, responses, responseHeaders, setCookies } = operation
  return {
    status: usualStatus(operation),
    returns: returns && plainSchema(returns, 'output'),
    file: fileTypeOf(returns),
    redirect: redirectOf(returns) !== undefined || undefined,
    responses: responses && mapValues(responses, (schema) => schema && plainSchema(schema, 'output')),
    responseHeaders: responseHeaders && propertySchema(responseHeaders),
    setCookies: setCookies && cookieDocuments(setCookies, (one) => ({ ...one, name: undefined })),
  }
}

function cookieDocuments<Result>(
  cookies: Cookies,
  describe: (one: Cookies[string]) => Result,
): Readonly<Record<string, Result>> {
  return Object.fromEntries(Object.entries(cookies).map(([name, one]) => [wireName(name, one), describe(one)]))
}

function mapValues<Value, Result>(
  values: Readonly<Record<string, Value>>,
  change: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))
}
