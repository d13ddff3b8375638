import type { RateLimit } from '../contract/rateLimit.ts'
import type { JsonSchema } from '../schema/schema.ts'

/** An OpenAPI 3.1 document, as far as a contract fills it: https://spec.openapis.org/oas/v3.1.1 */
export interface OpenApiDocument {
  readonly openapi: '3.1.1'
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly servers: readonly OpenApiServer[]
  readonly tags?: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, OpenApiPath>>
  readonly components: {
    readonly responses: Readonly<Record<string, OpenApiResponse>>
    readonly schemas: Readonly<Record<string, JsonSchema>>
  }
}

/** Where the service can be called. */
export interface OpenApiServer {
  readonly url: string
  readonly description?: string
}

/** The operations of one path, by method in lower case. */
export type OpenApiPath = Readonly<Record<string, OpenApiOperation>>

/** One operation of a contract. */
export interface OpenApiOperation {
  readonly operationId: string
  readonly summary?: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly deprecated?: boolean
  readonly parameters?: readonly OpenApiParameter[]
  readonly requestBody?: { readonly required: true; readonly content: OpenApiContent }
  readonly responses: Readonly<Record<string, OpenApiResponse | OpenApiReference>>
  /** Whether doing it twice is doing it once, so that a caller may retry. */
  readonly 'x-idempotent'?: true
  /** Milliseconds after which the operation is given up. */
  readonly 'x-timeout-ms'?: number
  /** How often each caller may do it. */
  readonly 'x-rate-limit'?: RateLimit
}

/** A parameter in the path, the query or the headers. */
export interface OpenApiParameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly description?: string
  readonly deprecated?: boolean
  readonly schema: JsonSchema
  readonly example?: unknown
}

/** What an operation may answer with one status. */
export interface OpenApiResponse {
  readonly description: string
  readonly headers?: Readonly<Record<string, OpenApiHeader>>
  readonly content?: OpenApiContent
}

/** A header of an answer. */
export interface OpenApiHeader {
  readonly description: string
  readonly schema: JsonSchema
}

/** The only content there is: JSON. */
export interface OpenApiContent {
  readonly 'application/json': {
    readonly schema: JsonSchema
    readonly example?: unknown
    readonly examples?: Readonly<Record<string, { readonly value: unknown }>>
  }
}

/** A reference to a component. */
export interface OpenApiReference {
  readonly $ref: string
}
