/** What is sent to Consul's HTTP API. */
export interface ConsulRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  /** Path and query, from `/v1` on. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Given up when it aborts. */
  readonly signal: AbortSignal
}

/** What comes back. */
export interface ConsulResponse {
  readonly status: number
  /** Their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Carries requests to an agent; rejects when it does not answer. */
export type ConsulTransport = (request: ConsulRequest) => Promise<ConsulResponse>

/** Consul refused, or said something that makes no sense. */
export class ConsulError extends Error {
  override readonly name: string = 'ConsulError'
  /** HTTP status; undefined when there was none. */
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.status = status
  }
}

/** A question whose answer is worth waiting for. */
export interface Question {
  /** Answered once there is something later than this; undefined: at once. */
  readonly index: number | undefined
  /** Answered after this many milliseconds in any case. */
  readonly waitMs: number
  /** Any server may answer, also one that is a little behind. */
  readonly stale: boolean
  readonly signal: AbortSignal
}

/** Consul's HTTP API, as far as it is used here. https://developer.hashicorp.com/consul/api-docs */
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
   * Changes something.
   *
   * @throws {ConsulError} when Consul refuses
   */
  async put(path: string, body: unknown, signal: AbortSignal): Promise<void> {
    const payload = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await this.#transport({ method: 'PUT', path, headers: this.#headers, signal, ...payload })
    if (response.status !== 200) throw refusal(response)
  }

  /**
   * Whether something is there.
   *
   * @throws {ConsulError} when Consul says neither
   */
  async has(path: string, signal: AbortSignal): Promise<boolean> {
    const response = await this.#transport({ method: 'GET', path, headers: this.#headers, signal })
    if (response.status !== 200 && response.status !== 404) throw refusal(response)
    return response.status === 200
  }

  /**
   * Asks, and waits for a change if the question says so; `undefined` is told when there is no such thing (404).
   *
   * @throws {ConsulError} when Consul refuses
   */
  async ask(path: string, { index, waitMs, stale, signal }: Question): Promise<{ told: unknown; index: number }> {
    const query = [
      ...(stale ? ['stale='] : []),
      ...(this.#datacenter ? [`dc=${encodeURIComponent(this.#datacenter)}`] : []),
      ...(index === undefined ? [] : [`index=${index}`, `wait=${Math.ceil(waitMs)}ms`]),
    ].join('&')
    const full = `${path}${path.includes('?') ? '&' : '?'}${query}`
    const response = await this.#transport({ method: 'GET', path: full, headers: this.#headers, signal })
    if (response.status !== 200 && response.status !== 404) throw refusal(response)
    const told: unknown = response.status === 404 ? undefined : JSON.parse(response.body)
    return { told, index: Number(response.headers['x-consul-index'] ?? 0) }
  }
}

function refusal({ status, body }: ConsulResponse): ConsulError {
  return new ConsulError(`Consul answered ${status}: ${body.trim().slice(0, 200)}`, status)
}
