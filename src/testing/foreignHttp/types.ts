/** The mocks of other people's HTTP services: routes by URL, or `real` for hosts that the service really calls. */
export type HttpMocks = Readonly<Record<string, HttpRoutes | 'real'>>

/** Replies by route, such as `POST /charges`, `GET /charges/:id` or `GET /files/*`: a reply, or a function that returns one. */
export type HttpRoutes = Readonly<Record<string, HttpReply | HttpReplier['reply']>>

/** Returns the reply to a request. What it throws is a network failure for the caller. */
interface HttpReplier {
  // A method, so that a test may annotate the body that it expects.
  reply(call: HttpCall): HttpReply | Response | Promise<HttpReply | Response>
}

/** A response of a mock. */
export interface HttpReply {
  /** Default: 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Text and bytes are sent as they are; everything else is sent as JSON. Default: empty. */
  readonly body?: unknown
  /** Milliseconds until the reply. Default: 0. */
  readonly delayMs?: number
}

/** A request that a mock got. */
export interface HttpCall<Body = unknown> {
  readonly method: string
  /** The whole URL. */
  readonly url: string
  /** Parts of the path, by their names in the route. */
  readonly params: Readonly<Record<string, string>>
  /** Parameters of the URL; a list when a name occurs more than once. */
  readonly query: Readonly<Record<string, string | readonly string[]>>
  /** Headers, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON and forms as values, text as a string, other content as bytes; undefined when there is none. */
  readonly body: Body
}

/** What a service under test called by HTTP, besides the services of its contracts. */
export interface ForeignHttp {
  /** The mocked calls so far, in order. */
  readonly calls: readonly HttpCall[]
  /**
   * Adds mocks, or replaces those of the same routes.
   *
   * @throws {TypeError} when a URL or a route is wrong
   */
  mock(mocks: HttpMocks): void
}
