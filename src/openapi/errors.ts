import { errorBody } from '../contract/errorBody.ts'
import {
  BadRequest,
  codes,
  Conflict,
  Forbidden,
  PayloadTooLarge,
  PreconditionFailed,
  PreconditionRequired,
  TooManyRequests,
  Unauthorized,
  UnprocessableEntity,
  UnsupportedMediaType,
} from '../contract/errors.ts'
import { GatewayTimeout, ServerError, ServiceUnavailable } from '../contract/serverErrors.ts'
import { schemesOf } from '../contract/auth.ts'
import type { ErrorClass } from '../contract/httpError.ts'
import { kindOf } from '../contract/errorClass.ts'
import type { Operation } from '../contract/operation.ts'
import { queryOf } from '../contract/response.ts'
import type { JsonSchema } from '../schema/schema.ts'
import type { Components } from './components.ts'
import { rejectionHeaders } from './rateLimit.ts'
import type { OpenApiReference, OpenApiResponse } from './types.ts'

/** The errors of a document: each class is one named response, which operations refer to. */
export class ErrorResponses {
  readonly #components: Components
  readonly #classes = new Map<string, ErrorClass>()

  constructor(components: Components) {
    this.#components = components
  }

  /**
   * Returns the error responses of an operation by status.
   *
   * @throws {TypeError} when two different classes have the same name
   */
  of(operation: Operation): Record<string, OpenApiResponse | OpenApiReference> {
    const byStatus: Record<string, ErrorClass[]> = {}
    for (const errorClass of classesOf(operation)) {
      this.#claim(errorClass)
      ;(byStatus[kindOf(errorClass).status] ??= []).push(errorClass)
    }
    return Object.fromEntries(
      Object.entries(byStatus).map(([status, classes]) => [
        status,
        classes.length === 1 ? { $ref: `#/components/responses/${classes[0]!.name}` } : this.#response(classes),
      ]),
    )
  }

  /** Returns the named responses in alphabetical order. */
  all(): Record<string, OpenApiResponse> {
    const entries = [...this.#classes].sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(entries.map(([name, errorClass]) => [name, this.#response([errorClass])]))
  }

  #claim(errorClass: ErrorClass): void {
    const { name } = errorClass
    const known = this.#classes.get(name)
    if (known && known !== errorClass) {
      throw new TypeError(`two different error classes are named "${name}": rename one of them`)
    }
    this.#classes.set(name, errorClass)
  }

  /** Returns one response for classes that share a status. */
  #response(classes: readonly ErrorClass[]): OpenApiResponse {
    const generic = this.#components.use(anyError)
    const schema = classes.includes(BadRequest) ? { anyOf: [this.#components.use(invalid), generic] } : generic
    const examples = classes.flatMap((errorClass) => Object.entries(examplesOf(errorClass)))
    const descriptions = new Set(classes.map((errorClass) => kindOf(errorClass).reason))
    return {
      description: [...descriptions].join(', or '),
      ...(classes.includes(TooManyRequests) && { headers: rejectionHeaders }),
      content: { 'application/json': { schema, examples: Object.fromEntries(examples) } },
    }
  }
}

/** Returns the classes that an operation declares, after those that every operation of its kind may throw. */
function classesOf(operation: Operation): Set<ErrorClass> {
  const { route, params, headers, body, etag, idempotent, rateLimit, errors = [] } = operation
  const hasPreconditions = etag && !route.startsWith('GET ')
  const takesInput = params ?? queryOf(operation) ?? headers ?? body
  return new Set<ErrorClass>([
    ...(takesInput ? [BadRequest] : []),
    ...(schemesOf(operation).length > 0 ? [Unauthorized, Forbidden] : []),
    ...(body ? [PayloadTooLarge, UnsupportedMediaType] : []),
    ...(hasPreconditions ? [PreconditionFailed] : []),
    ...(etag === 'required' ? [PreconditionRequired] : []),
    ...(idempotent === 'by key' ? [Conflict, UnprocessableEntity] : []),
    ...(rateLimit ? [TooManyRequests] : []),
    ServerError,
    ServiceUnavailable,
    GatewayTimeout,
    ...errors,
  ])
}

function examplesOf(errorClass: ErrorClass): Record<string, { readonly value: unknown }> {
  if (errorClass !== BadRequest) {
    const { code, reason: message } = kindOf(errorClass)
    return { [errorClass.name]: { value: { code, message } } }
  }
  const problems = [{ in: 'body', path: 'name', message: 'is required' }]
  return {
    invalid: { value: errorBody(new BadRequest(problems, { code: codes.validation })) },
    malformed: { value: errorBody(new BadRequest('the body is not JSON', { code: codes.malformed })) },
  }
}

const anyError: JsonSchema = {
  $id: 'ErrorBody',
  type: 'object',
  required: ['code', 'message'],
  properties: {
    code: {
      type: 'integer',
      description: 'the HTTP status times 100, plus a number that distinguishes errors of one status',
    },
    message: { type: 'string' },
    error: { description: 'the error message for the caller: text, or any other JSON' },
  },
}

const invalid: JsonSchema = {
  $id: 'ValidationErrorBody',
  type: 'object',
  required: ['code', 'message', 'error'],
  properties: {
    code: { const: codes.validation },
    message: { type: 'string' },
    error: {
      type: 'array',
      description: 'every problem of the request',
      items: {
        type: 'object',
        required: ['in', 'path', 'message'],
        properties: {
          in: { enum: ['params', 'query', 'headers', 'body'] },
          path: { type: 'string', description: 'the field, such as address.street; empty for the value itself' },
          message: { type: 'string' },
        },
      },
    },
  },
}
