import type { RateLimit } from '../contract/rateLimit.ts'
import type { JsonSchema } from '../schema/schema.ts'

/** The parts of an OpenAPI 3.1 document that a contract fills: https://spec.openapis.org/oas/v3.1.1 */
export interface OpenApiDocument {
  readonly openapi: '3.1.1'
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly servers: readonly OpenApiServer[]
  readonly tags?: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, OpenApiPath>>
  readonly components: {
    readonly responses: Readonly<Record<string, OpenApiResponse>>
    readonly schemas: Readonly<Record<string, JsonSchema>>
    readonly securitySchemes?: Readonly<Record<string, OpenApiSecurityScheme>>
  }
}

/** A way in which callers identify themselves. */
export type OpenApiSecurityScheme =
  | { readonly type: 'http'; readonly scheme: 'bearer'; readonly bearerFormat: 'JWT'; readonly description: string }
  | { readonly type: 'mutualTLS'; readonly description: string }
  | { readonly type: 'apiKey'; readonly in: 'header'; readonly name: string; readonly description: string }

/** The schemes of which a caller needs one, each with the scopes that it needs. */
export type OpenApiSecurity = readonly Readonly<Record<string, readonly string[]>>[]

/** A URL of the service. */
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
  /** Empty for a public operation of a service that has others. */
  readonly security?: OpenApiSecurity
  readonly parameters?: readonly OpenApiParameter[]
  readonly requestBody?: { readonly required: true; readonly content: OpenApiContent }
  readonly responses: Readonly<Record<string, OpenApiResponse | OpenApiReference>>
  /** Whether the operation is idempotent, so that a caller may retry it. */
  readonly 'x-idempotent'?: true
  /** The day from which a deprecated operation may be gone. */
  readonly 'x-sunset'?: string
  /** Milliseconds after which the operation times out. */
  readonly 'x-timeout-ms'?: number
  /** The rate limit of each caller. */
  readonly 'x-rate-limit'?: RateLimit
}

/** A parameter in the path, the query or the headers. */
export interface OpenApiParameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header' | 'cookie'
  readonly required: boolean
  readonly description?: string
  readonly deprecated?: boolean
  readonly style?: 'form' | 'deepObject'
  readonly explode?: boolean
  readonly schema: JsonSchema
  readonly example?: unknown
}

/** An operation's response for one status. */
export interface OpenApiResponse {
  readonly description: string
  readonly headers?: Readonly<Record<string, OpenApiHeader>>
  readonly content?: OpenApiContent
}

/** A header of a response. */
export interface OpenApiHeader {
  readonly description: string
  readonly required?: true
  readonly schema: JsonSchema
}

/** The content of a body, by its media type. */
export type OpenApiContent = Readonly<Record<string, OpenApiMedia>>

/** The content of a body in one media type. */
export interface OpenApiMedia {
  readonly schema: JsonSchema
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>
}

/** A reference to a component. */
export interface OpenApiReference {
  readonly $ref: string
}
