import { bodyRuleOf, type BodyForm } from '../../contract/body.ts'
import type { Operation } from '../../contract/operation.ts'

/** The body of a call. A stream is made anew for each attempt. */
export type OutgoingBody = string | Uint8Array | Blob | ReadableStream<Uint8Array>

/** The body of a call with its content type. */
interface TypedBody {
  readonly body: OutgoingBody | (() => ReadableStream<Uint8Array>)
  readonly type: string
}

/** Compiles a function that returns the body of a call; undefined when the operation has none. */
export function compileBody({ body }: Operation): ((input: unknown) => TypedBody | undefined) | undefined {
  if (!body) return undefined
  const { form, types } = bodyRuleOf(body)
  return compileForm[form](types.find((type) => !type.includes('*')) ?? 'application/octet-stream')
}

const compileForm: Readonly<Record<BodyForm, (usualType: string) => (input: unknown) => TypedBody | undefined>> = {
  json: () => (input) => {
    const body = JSON.stringify(input)
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
