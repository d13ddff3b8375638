/** A request to Consul's HTTP API. */
export interface ConsulRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  /** The path and query, starting with `/v1`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Cancels the request. */
  readonly signal: AbortSignal
}

/** A response of Consul's HTTP API. */
export interface ConsulResponse {
  readonly status: number
  /** Headers by their name in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends a request to an agent; rejects when the agent does not respond. */
export type ConsulTransport = (request: ConsulRequest) => Promise<ConsulResponse>

/** Consul rejected a request or sent an invalid response. */
export class ConsulError extends Error {
  override readonly name: string = 'ConsulError'
  /** The HTTP status; undefined when there was none. */
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.status = status
  }
}

/** The options of a blocking query. */
export interface BlockingQuery {
  /** Consul responds once its index is above this one; undefined: at once. */
  readonly index: number | undefined
  /** Consul responds after this many milliseconds at the latest. */
  readonly waitMs: number
  /** Whether any Consul server may respond, even one that lags a little. */
  readonly stale: boolean
  readonly signal: AbortSignal
}

/** The part of Consul's HTTP API that tricube uses. https://developer.hashicorp.com/consul/api-docs */
export class ConsulAgent {
  readonly #transport: ConsulTransport
  readonly #headers: Readonly<Record<string, string>>
  readonly #datacenter: string | undefined

  constructor(
    transport: ConsulTransport,
    { token, datacenter }: { token?: string | undefined; datacenter?: string | undefined },
  ) {
    this.#transport = transport
    this.#headers = token ? { 'x-consul-token': token } : {}
    this.#datacenter = datacenter
  }
  /**
   * Sends a PUT request.
   *
   * @throws {ConsulError} when Consul rejects it
   */
  async put(path: string, body: unknown, signal: AbortSignal): Promise<void> {
    const payload = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await this.#transport({ method: 'PUT', path, headers: this.#headers, signal, ...payload })
    if (response.status !== 200) throw rejection(response)
  }

  /**
   * Whether a path exists.
   *
   * @throws {ConsulError} when the status is neither 200 nor 404
   */
  async has(path: string, signal: AbortSignal): Promise<boolean> {
    const response = await this.#transport({ method: 'GET', path, headers: this.#headers, signal })
    if (response.status !== 200 && response.status !== 404) throw rejection(response)
    return response.status === 200
  }

  /**
   * Runs a query, which blocks until a change when it has an index. The value is undefined after a 404.
   *
   * @throws {ConsulError} when Consul rejects it
   */
  async query(
    path: string,
    { index, waitMs, stale, signal }: BlockingQuery,
  ): Promise<{ reported: unknown; index: number }> {
    const parameters = [
      ...(stale ? ['stale='] : []),
      ...(this.#datacenter ? [`dc=${encodeURIComponent(this.#datacenter)}`] : []),
      ...(index === undefined ? [] : [`index=${index}`, `wait=${Math.ceil(waitMs)}ms`]),
    ].join('&')
    const full = `${path}${path.includes('?') ? '&' : '?'}${parameters}`
    const response = await this.#transport({ method: 'GET', path: full, headers: this.#headers, signal })
    if (response.status !== 200 && response.status !== 404) throw rejection(response)
    const reported: unknown = response.status === 404 ? undefined : JSON.parse(response.body)
    return { reported, index: Number(response.headers['x-consul-index'] ?? 0) }
  }
}

function rejection({ status, body }: ConsulResponse): ConsulError {
  return new ConsulError(`Consul responded with ${status}: ${body.trim().slice(0, 200)}`, status)
}
