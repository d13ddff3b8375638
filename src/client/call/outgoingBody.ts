import { bodyRuleOf, type BodyForm } from '../../contract/body.ts'
import type { Operation } from '../../contract/operation.ts'

/** The body of a call. A stream is made anew for each attempt. */
export type OutgoingBody = string | Uint8Array | Blob | ReadableStream<Uint8Array>

/** The body of a call with its content type. */
interface TypedBody {
  readonly body: OutgoingBody | (() => ReadableStream<Uint8Array>)
  readonly type: string
}

/**
 * Compiles a function that returns the body of a call; undefined when the operation has none.
 *
 * The function throws a `TypeError` with the name of the operation when the body cannot be sent.
 */
export function compileBody(
  subject: string,
  { body }: Operation,
): ((input: unknown) => TypedBody | undefined) | undefined {
  if (!body) return undefined
  const { form, types } = bodyRuleOf(body)
  const write = compileForm[form](types.find((type) => !type.includes('*')) ?? 'application/octet-stream')
  return (input) => {
    try {
      return write(input)
    } catch (cause) {
      throw new TypeError(`${subject}: ${(cause as Error).message}`, { cause })
    }
  }
}

const compileForm: Readonly<Record<BodyForm, (usualType: string) => (input: unknown) => TypedBody | undefined>> = {
  json: () => (input) => {
    const body = jsonOf(input)
    return body === undefined ? undefined : { body, type: 'application/json' }
  },
  raw:
    (usual) =>
    (input = '') => {
      if (!isBytes(input)) throw new TypeError('the body must be a Uint8Array, a text or a Blob')
      return { body: input, type: (input instanceof Blob && input.type) || usual }
    },
  multipart:
    () =>
    (input = {}) =>
      multipartOf(input as object),
  upload:
    (usual) =>
    (input = '') => {
      if (typeof input === 'function') return { body: input as () => ReadableStream<Uint8Array>, type: usual }
      if (!isBytes(input)) throw new TypeError('the body must be bytes, or a function that returns a ReadableStream')
      return { body: input, type: (input instanceof Blob && input.type) || usual }
    },
  text:
    (usual) =>
    (input = '') => ({ body: input as string, type: `${usual}; charset=utf-8` }),
  form:
    (type) =>
    (input = {}) => ({ body: fieldsOf(input as object), type }),
}

/** @throws {TypeError} when JSON cannot hold the value, such as a bigint or a circle */
function jsonOf(input: unknown): string | undefined {
  try {
    return JSON.stringify(input)
  } catch (cause) {
    const [reason] = (cause as Error).message.split('\n')
    throw new TypeError(`the body cannot be written as JSON: ${reason}`, { cause })
  }
}

function isBytes(value: unknown): value is string | Uint8Array | Blob {
  return typeof value === 'string' || value instanceof Uint8Array || value instanceof Blob
}

/** Writes a form with files. A `Blob` of parts reads the files only when it is sent, each time that it is sent. */
function multipartOf(input: object): TypedBody {
  const boundary = `----tricube${crypto.randomUUID()}`
  const parts: (string | Blob)[] = []
  for (const [name, value] of Object.entries(input)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item === undefined || item === null) continue
      parts.push(`--${boundary}\r\ncontent-disposition: form-data; name="${escaped(name)}"`)
      if (item instanceof Blob) {
        const { name: file = 'file' } = item as { name?: string }
        parts.push(
          `; filename="${escaped(file)}"\r\ncontent-type: ${item.type || 'application/octet-stream'}\r\n\r\n`,
          item,
        )
      } else {
        parts.push(`\r\n\r\n${typeof item === 'string' ? item : JSON.stringify(item)}`)
      }
      parts.push('\r\n')
    }
  }
  parts.push(`--${boundary}--\r\n`)
  return { body: new Blob(parts), type: `multipart/form-data; boundary=${boundary}` }
}

/** https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data */
function escaped(name: string): string {
  return name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
}

function fieldsOf(fields: object): string {
  const all = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null) all.append(name, typeof item === 'string' ? item : JSON.stringify(item))
    }
  }
  return all.toString()
}
