import { codes } from '../../contract/errors.ts'
import { GatewayTimeout, ServiceUnavailable } from '../../contract/serverErrors.ts'
import { retryWhenSafe, type Failure } from '../../resilience/retry.ts'
import { fullJitter, type Backoff } from '../../time/backoff.ts'
import { shorter } from '../../time/deadline.ts'
import { withCallSpan } from '../../trace/callSpan.ts'
import { recordOf } from '../../trace/recordOf.ts'
import type { SpanRecord } from '../../trace/spanRecord.ts'
import type { Caller } from '../call/call.ts'
import { waitOf } from '../call/failure.ts'
import { pause } from '../call/pause.ts'
import { observed, type CallObserver } from '../observer.ts'
import { withBodyErrors } from './bodyErrors.ts'
import { OutboundHost, type FetchOptions } from './host.ts'
import { isReplayable, targetOf, type FetchInit } from './request.ts'

/** `fetch` for a caller: it ends with the caller, and is traced, measured and retried like a call of a contract. */
export type Fetch = (input: string | URL | Request, init?: FetchInit) => Promise<Response>

/** Reports a host that is called for the first time. */
export type OnHost = (host: OutboundHost) => void

const defaultTimeoutMs = 5000
const defaultRetries = 2
/** A service calls a few hosts. One that calls the URLs of its users shares a breaker among the rest. */
const maxHosts = 200
const others = '(other)'

/** Calls services that have no contract. */
export class Outbound {
  readonly #options: FetchOptions
  readonly #observer: CallObserver | undefined
  readonly #onHost: OnHost
  readonly #hosts = new Map<string, OutboundHost>()
  readonly #backoff: Backoff = fullJitter({ baseMs: 50, capMs: 1000 })

  constructor(options: FetchOptions, observer: CallObserver | undefined, onHost: OnHost) {
    this.#options = options
    this.#observer = observer
    this.#onHost = onHost
  }

  /** Returns `fetch` for a caller. */
  for(caller: Caller): Fetch {
    return (input, init = {}) => this.#fetch(caller, input, init)
  }

  async #fetch(caller: Caller, input: string | URL | Request, init: FetchInit): Promise<Response> {
    const { url, method } = targetOf(input, init)
    const host = this.#hostOf(url.host)
    const { template, onEnd } = host.of(method)
    const parent = caller.span && recordOf(caller.span)
    const span = parent?.isRecorded ? parent.child(template) : undefined
    if (span) [span.value1, span.value2] = [url.hostname, Number(url.port || (url.protocol === 'https:' ? 443 : 80))]
    const response = this.#attempts(caller, host, span, { input, init, method })
    const traced = span ? withCallSpan(span, response) : response
    return onEnd ? observed(traced, onEnd, span) : traced
  }

  async #attempts(
    caller: Caller,
    host: OutboundHost,
    span: SpanRecord | undefined,
    {
      input,
      init,
      method,
    }: { readonly input: string | URL | Request; readonly init: FetchInit; readonly method: string },
  ): Promise<Response> {
    const { timeoutMs: ownMs = this.#options.timeoutMs ?? defaultTimeoutMs, retries: own, ...rest } = init
    const retries = isReplayable(input, init) ? (own ?? this.#options.retries ?? defaultRetries) : 0
    const repeat = isIdempotent(method, input, init) ? 'idempotent' : 'unsafe'
    const timeoutMs = shorter(ownMs, caller.deadline?.remainingMs()) as number
    const end = performance.now() + timeoutMs
    const time = new AbortController()
    setTimeout(() => time.abort(new GatewayTimeout(`${host.name} did not respond in time`)), timeoutMs).unref()
    const signals = [init.signal, caller.cancellation?.signal, time.signal].filter((one) => one instanceof AbortSignal)
    const signal = AbortSignal.any(signals)
    host.budget.deposit(performance.now())

    for (let retry = 0; ;) {
      signal.throwIfAborted()
      const outcome = await attempt(host, () => fetch(input, { ...rest, signal }), signal)
      const now = performance.now()
      retry += 1
      const waitMs = Math.max(this.#backoff(retry), outcome.waitMs)
      const mayRetry = outcome.failure !== undefined && retryWhenSafe(outcome.failure, repeat)
      if (retry > retries || !mayRetry || now + waitMs >= end || !host.budget.withdraw(now)) return outcome.result()
      await outcome.discard()
      host.stats.retries += 1
      span?.event('retry', { 'http.request.resend_count': retry, reason: outcome.failure }, now)
      await pause(waitMs, { signal, cancellation: caller.cancellation })
    }
  }

  #hostOf(name: string): OutboundHost {
    const known = this.#hosts.get(name)
    if (known) return known
    if (this.#hosts.size >= maxHosts && name !== others) return this.#hostOf(others)
    const host = new OutboundHost(name, this.#options, this.#observer)
    this.#hosts.set(name, host)
    this.#onHost(host)
    return host
  }
}

/** How one attempt ended. */
interface Outcome {
  /** Undefined when its response is the result. */
  readonly failure: Failure | undefined
  /** How long the service asks to wait, in milliseconds. */
  readonly waitMs: number
  /** Returns the response, or throws. */
  result(): Response
  /** Drops the response, so that its connection is free. */
  discard(): Promise<void>
}

async function attempt(host: OutboundHost, send: () => Promise<Response>, signal: AbortSignal): Promise<Outcome> {
  const { breaker, name, stats } = host
  const begun = performance.now()
  if (!breaker.allows(begun)) {
    stats.rejected += 1
    throw down(name, 'fails too often, so the circuit breaker rejected the call')
  }
  try {
    const response = await send()
    const { status } = response
    if (status >= 500) breaker.failed(performance.now())
    else breaker.succeeded(performance.now())
    const failure = status === 429 || (status >= 502 && status <= 504) ? 'unavailable' : undefined
    const waitMs = failure ? waitOf(response.headers.get('retry-after')) : 0
    const errorOf = (cause: unknown): unknown => {
      if (signal.aborted) return signal.reason
      breaker.failed(performance.now())
      return down(name, 'broke the connection in the middle of its response', cause as Error)
    }
    return {
      failure,
      waitMs,
      result: () => withBodyErrors(response, errorOf),
      discard: async () => await response.body?.cancel(),
    }
  } catch (error) {
    const now = performance.now()
    if (signal.aborted && !(signal.reason instanceof GatewayTimeout)) breaker.forgotten(now)
    else breaker.failed(now)
    if (signal.aborted) throw signal.reason
    const { cause } = error as { cause?: { code?: string } }
    if (cause === undefined) throw error // not a failure of the network, but a wrong argument
    return {
      failure: notSent.has(cause.code) ? 'not sent' : 'broken',
      waitMs: 0,
      result() {
        throw down(name, 'is unavailable', error as Error)
      },
      discard: () => Promise.resolve(),
    }
  }
}

function down(name: string, problem: string, cause?: Error): ServiceUnavailable {
  return new ServiceUnavailable(`${name} ${problem}`, { code: codes.calleeDown, ...(cause && { cause }) })
}

/** Codes of failures before the request was written. */
const notSent: ReadonlySet<string | undefined> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** RFC 9110, 9.2.2. A key tells the service to do it once. */
function isIdempotent(method: string, input: string | URL | Request, { headers }: FetchInit): boolean {
  if (/^(?:GET|HEAD|OPTIONS|PUT|DELETE)$/.test(method)) return true
  return new Headers(headers ?? (input instanceof Request ? input.headers : undefined)).has('idempotency-key')
}
