import type { TSchema, TString, TUnsafe } from '@sinclair/typebox'
import { describeValue } from '../schema/describeValue.ts'
import { unknownOption } from './unknownOption.ts'
import { t } from '../schema/schema.ts'
import { jsonSchemaProblem, notByName, notSchema, objectSchema } from '../schema/standard/json.ts'
import type { Schema, SchemaInput, Schemas } from '../schema/standard/spec.ts'
import type { InputsOf, ValuesOf } from '../schema/standard/values.ts'

// Bodies that are not JSON. Each is a schema of what the handler gets, marked with how it is read.

/** The forms of bodies. */
export type BodyForm = 'json' | 'raw' | 'text' | 'form' | 'upload' | 'multipart'

/** How a body is read. */
export interface BodyRule {
  readonly form: BodyForm
  /** Media types that are accepted, such as `image/*`. */
  readonly types: readonly string[]
  /** Undefined: the `bodyLimit` of the service. */
  readonly maxBytes?: number | undefined
}

/** Options of bodies that are not JSON. */
export interface BodyOptions {
  /** The media types that are accepted, such as `image/png` or `image/*`; others get a 415. */
  readonly types?: readonly string[]
  /** Bytes of the largest body; a larger one gets a 413. Default: the `bodyLimit` of the service. */
  readonly maxBytes?: number
}

/** A schema of what a handler gets, which knows how it is read. */
export interface Marked<Input> {
  readonly [bodyRule]: BodyRule
  /** What a caller passes; it exists for the compiler alone. */
  readonly [bodyInput]?: Input
}

declare const bodyInput: unique symbol
const bodyRule: unique symbol = Symbol('tricube.body')

/** What a caller passes as bytes: text is sent as UTF-8. The type of a `Blob` becomes the content type. */
export type Bytes = Uint8Array | string | Blob

/** A body of bytes, as {@link raw} returns it. */
export type RawBody = TUnsafe<Uint8Array> & Marked<Bytes>

/**
 * Declares a body of bytes, which the handler gets as they came: for webhooks, whose signatures cover the bytes.
 *
 * @throws {TypeError} when an option is invalid
 *
 * @example
 * export const hookService = contract('hook-service', {
 *   paid: { route: 'POST /webhooks/stripe', body: raw({ types: ['application/json'] }), errors: [Unauthorized] },
 * })
 */
export function raw(options: BodyOptions = {}): RawBody {
  return mark(t.Unsafe<Uint8Array>({ type: 'string', format: 'binary' }), 'raw', options, ['*/*'])
}

/** A body of text, as {@link text} returns it. */
export type TextBody = TString & Marked<string>

/**
 * Declares a body of text in UTF-8.
 *
 * @throws {TypeError} when an option is invalid
 *
 * @example
 * export const logService = contract('log-service', {
 *   append: { route: 'POST /log', body: text({ types: ['text/plain', 'text/csv'], maxBytes: 10_000 }) },
 * })
 */
export function text(options: BodyOptions = {}): TextBody {
  return mark(t.String(), 'text', options, ['text/plain'])
}

/** A body of an HTML form, as {@link form} returns it. */
export type FormBody<Fields extends Schemas> = TUnsafe<ValuesOf<Fields>> &
  Marked<InputsOf<Fields>> & { readonly [formFields]: Schemas }

const formFields: unique symbol = Symbol('tricube.form')

/**
 * Declares a body of fields in the encoding of HTML forms, `application/x-www-form-urlencoded`. A field that comes several
 * times is a list. Text becomes the type of its schema; unknown fields are rejected.
 *
 * @throws {TypeError} when an option is invalid
 *
 * @example
 * export const smsService = contract('sms-service', {
 *   received: { route: 'POST /sms', body: form({ From: t.String(), Body: t.String(), NumMedia: t.Integer({ default: 0 }) }) },
 * })
 */
export function form<const Fields extends Schemas>(
  fields: Fields,
  options: Pick<BodyOptions, 'maxBytes'> = {},
): FormBody<Fields> {
  const problem = fieldsProblem(fields)
  if (problem) throw new TypeError(`form: ${problem}`)
  const schema = objectSchema(fields) as TUnsafe<ValuesOf<Fields>>
  return { ...mark(schema, 'form', options, ['application/x-www-form-urlencoded']), [formFields]: fields }
}

/** Returns the fields of a form. */
export function formFieldsOf(body: Schema): Schemas {
  return (body as { readonly [formFields]?: Schemas })[formFields] ?? {}
}

/** Returns which field is no schema of JSON. */
export function fieldsProblem(fields: Schemas): string | undefined {
  const several = notByName(fields)
  if (several) return `fields ${several}`
  for (const [name, schema] of Object.entries(fields ?? {})) {
    const wrong = notSchema(schema, 'like t.String()')
    if (wrong) return `fields.${name} ${wrong}`
    const problem = jsonSchemaProblem(schema, 'input', `fields.${name}`)
    if (problem) return problem
  }
  return undefined
}

/** What an upload was, once it has been read to its end. */
export interface Received {
  readonly bytes: number
  /** The SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string
}

/** A body that is read while it arrives, once. Memory holds a part of it at a time. */
export interface Upload extends AsyncIterable<Uint8Array> {
  /** The media type that the caller has named. Do not trust it. */
  readonly type: string
  /** The bytes that the caller has announced; undefined when it has not. */
  readonly expectedBytes: number | undefined
  /** Undefined until it has been read to its end. */
  readonly received: Received | undefined
  /**
   * Writes it to a file, which appears once it is complete. Nothing is left behind when it is not.
   *
   * @throws {BadRequest} when the caller hangs up before the end
   * @throws {PayloadTooLarge} when it has more bytes than the contract allows
   */
  save(path: string | URL): Promise<Received>
  /**
   * Reads it into memory.
   *
   * @throws {BadRequest} when the caller hangs up before the end
   * @throws {PayloadTooLarge} when it has more bytes than the contract allows
   */
  bytes(): Promise<Uint8Array>
}

/** A body that is streamed, as {@link upload} returns it. */
export type UploadBody = TUnsafe<Upload> & Marked<Bytes | (() => ReadableStream<Uint8Array>)>

/**
 * Declares a body that the handler reads while it arrives, such as a file. A wrong type and a length over the limit are
 * rejected before the body is read. Callers pass bytes, or a function that makes a stream.
 *
 * @throws {TypeError} when an option is invalid
 *
 * @example
 * export const photoService = contract('photo-service', {
 *   putPhoto: {
 *     route: 'PUT /photos/:id',
 *     body: upload({ types: ['image/png', 'image/jpeg'], maxBytes: 10_000_000 }),
 *     status: 204,
 *   },
 * })
 */
export function upload(options: BodyOptions & { readonly maxBytes: number }): UploadBody {
  const schema = mark(t.Unsafe<Upload>({ type: 'string', format: 'binary' }), 'upload', options ?? {}, ['*/*'])
  if (options?.maxBytes === undefined) throw new TypeError('upload: maxBytes is required, such as 10_000_000')
  return schema
}

function mark<Marks extends TSchema>(schema: Marks, form: BodyForm, options: BodyOptions, usual: readonly string[]) {
  const { types = usual, maxBytes } = options
  const known = form === 'form' ? ['maxBytes'] : ['types', 'maxBytes']
  const unknown = unknownOption(options, known)
  if (unknown) throw new TypeError(`${form}: ${unknown}`)
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes > 0)) {
    throw new TypeError(`${form}: maxBytes must be a positive integer, got ${describeValue(maxBytes)}`)
  }
  const wrong = Array.isArray(types) ? types.find((type) => !isMediaType(type)) : types
  if (wrong !== undefined || types.length === 0) {
    throw new TypeError(
      `${form}: types must be a list of media types like text/csv, got ${describeValue(wrong ?? types)}`,
    )
  }
  return marked(schema, { form, types: types.map((type) => type.toLowerCase()), maxBytes })
}

/** Marks a schema with how it is read. */
export function marked<Marks extends TSchema>(schema: Marks, rule: BodyRule): Marks & Marked<never> {
  return { ...schema, [bodyRule]: rule }
}

/** Whether a value is a media type, or a range of them such as `image/*`. */
export function isMediaType(type: unknown): boolean {
  return typeof type === 'string' && /^(?:\*\/\*|[\w!#$&^.+-]+\/(?:\*|[\w!#$&^.+-]+))$/.test(type)
}

/** What a caller passes as the body. */
export type BodyInputOf<Body extends Schema> = Body extends Marked<infer Input> ? Input : SchemaInput<Body>

/** Returns how a body is read. */
export function bodyRuleOf(body: Schema): BodyRule {
  return (body as Partial<Marked<unknown>>)[bodyRule] ?? json
}

const json: BodyRule = { form: 'json', types: ['application/json'] }

/** Compiles a test whether a content type is one of the media types. Parameters such as `charset` do not count. */
export function compileTypeTest(types: readonly string[]): (contentType: string | undefined) => boolean {
  const exact = new Set(types)
  return (contentType) => {
    if (exact.has('*/*')) return true
    const media = mediaTypeOf(contentType)
    return exact.has(media) || exact.has(`${media.slice(0, media.indexOf('/'))}/*`)
  }
}

/** Returns a media type without its parameters, in lower case; empty when there is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase()
}
