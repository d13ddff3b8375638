/** A request that the page asks for. */
export interface SentRequest {
  readonly service: string
  readonly method: string
  /** The path with the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Text; undefined sends no body. */
  readonly body?: string
  /** Bytes in base64, instead of a text. */
  readonly base64?: string
  /** The user of the issuer of `tricube dev` whose token it carries. */
  readonly as?: SentUser
}

/** A user that a request is sent as. */
export interface SentUser {
  readonly user: string
  readonly scopes: readonly string[]
}

/** The response to it, or why there is none. */
export interface SentResponse {
  readonly traceId: string
  readonly durationMs: number
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Text; binary bodies are described instead. */
  readonly body?: string
  readonly failure?: string
}
