import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import { systemClock } from '../../time/clock.ts'
import { closeAfterRequests } from '../../http/inFlight/close.ts'
import { endEventStreams } from '../../http/inFlight/eventStreams.ts'
import type { GoAway } from '../../http/transport/goAway.ts'
import type { InFlight } from '../../http/inFlight/inFlight.ts'
import { group, number } from '../../config/rules.ts'
import { setting } from '../../config/setting.ts'
import { isDoneWithin } from '../../time/timeout.ts'
import type { Host, Opened, Part, Work } from '../part.ts'

/** How a service stops. All times are in milliseconds. */
export interface DrainOptions {
  /**
   * How long it responds as before once it is not ready any more, for load balancers that learn of it late, such as
   * Kubernetes' (`TRICUBE_PRE_STOP_DELAY_MS`). Default 0.
   */
  readonly preStopDelayMs?: number
  /**
   * How long it then still accepts requests, while each response or HTTP/2's GOAWAY ends its connection. Default 1500;
   * in tests 0.
   */
  readonly delayMs?: number
  /** How long requests in flight then have to finish. Default 25,000. */
  readonly timeoutMs?: number
}

/** Configuration of the drain. */
export interface DrainConfig {
  /**
   * Milliseconds that a stopping service responds as before, for load balancers that learn of it late
   * (`TRICUBE_PRE_STOP_DELAY_MS`). Default: the service's option, else 0.
   */
  readonly preStopDelayMs: number
}

const ms = number({ unit: 'ms' })

/** Drains a service that stops. */
export const drain: Part<{ readonly drain?: DrainOptions }, DrainConfig, Drain> = {
  name: 'drain',
  options: { drain: group<DrainOptions>({ preStopDelayMs: ms, delayMs: ms, timeoutMs: ms }) },
  settings: {
    preStopDelayMs: setting<number>(ms, {
      variable: 'TRICUBE_PRE_STOP_DELAY_MS',
      meaning: 'How long a stopping service responds as before, for load balancers that learn of it late.',
      value: 0,
      fallback: "the service's own, else 0",
      own: ({ drain: { preStopDelayMs } = {} }: { drain?: DrainOptions }) => preStopDelayMs,
    }),
  },
  open: (host, options) => new Drain(host, { ...options.drain, ...host.config }),
}

/** Thrown when requests are still in flight after `timeoutMs`. */
class DrainError extends Error {
  override readonly name = 'DrainError'
  /** The milliseconds since the start of each request, by operation, route or background work, the oldest first. */
  readonly inFlight: Readonly<Record<string, readonly number[]>>

  constructor(service: string, timeoutMs: number, inFlight: Readonly<Record<string, readonly number[]>>) {
    const list = Object.entries(inFlight).map(([operation, ages]) => `${operation} ${ages.map(seconds).join(', ')}`)
    super(`${service}: still in flight after ${seconds(timeoutMs)}: ${list.join('; ') || 'open connections'}`)
    this.inFlight = inFlight
  }
}

/**
 * Stops a server under load.
 *
 * A plain `close()` under load fails tens of requests that callers send on connections it is closing. So the drain
 * first sends callers away: by `connection: close` on each response, or by GOAWAY.
 */
export class Drain implements Opened {
  readonly #service: string
  readonly #fastify: FastifyInstance
  readonly #inFlight: InFlight
  readonly #work: Work
  readonly #preStopDelayMs: number
  readonly #delayMs: number
  /** How long work in progress may take to end, in milliseconds. */
  readonly timeoutMs: number

  constructor(
    { contract, fastify, inFlight, work }: Pick<Host, 'contract' | 'fastify' | 'inFlight' | 'work'>,
    { preStopDelayMs = 0, delayMs = defaultDelayMs(), timeoutMs = 25_000 }: DrainOptions = {},
  ) {
    this.#service = contract.name
    this.#fastify = fastify
    this.#inFlight = inFlight
    this.#work = work
    this.#preStopDelayMs = isDevelopment() ? 0 : preStopDelayMs
    this.#delayMs = isDevelopment() ? 0 : delayMs
    this.timeoutMs = timeoutMs
    closeAfterRequests(fastify, inFlight, Math.min(this.#delayMs, newConnectionMs))
  }

  /** The longest that a stop may take, in milliseconds, even if something hangs. */
  get limitMs(): number {
    return this.#preStopDelayMs + this.#delayMs + this.timeoutMs + closingMs
  }

  /** Waits until callers have left a listening service, which is already not ready. */
  async stopTaking(): Promise<void> {
    if (!this.#fastify.server.listening) return
    if (this.#preStopDelayMs > 0) await systemClock.wait(this.#preStopDelayMs)
    this.#inFlight.endConnections()
    const server: Partial<GoAway> = this.#fastify.server as object // only an HTTP/2 server has it
    server.goAway?.()
    if (this.#delayMs > 0) await systemClock.wait(this.#delayMs)
  }

  /**
   * Stops accepting, and finishes the requests in flight and then the background work.
   *
   * @throws {DrainError} when that is not done in time. The rest is then aborted
   */
  async finish(): Promise<void> {
    const endStreams = setInterval(() => endEventStreams(this.#inFlight), streamCheckMs).unref()
    endEventStreams(this.#inFlight)
    const closed = this.#fastify.close().then(() => this.#responsesClosed())
    const finished = closed.then(() => this.#work.idle())
    const isDone = await isDoneWithin(this.timeoutMs, finished)
    clearInterval(endStreams)
    if (isDone) return
    const error = new DrainError(this.#service, this.timeoutMs, this.#ages())
    this.#fastify.server.closeAllConnections() // their signals abort: transactions are rolled back
    this.#work.cancel(error)
    await isDoneWithin(abortedMs, finished)
    throw error
  }

  /** When a caller hangs up, Node removes the connection a moment before the request emits `close`. */
  async #responsesClosed(): Promise<void> {
    await Promise.all([...this.#inFlight].map(({ reply }) => once(reply.raw, 'close')))
  }

  #ages(): Record<string, number[]> {
    const now = performance.now()
    const ages: Record<string, number[]> = {}
    const add = (name: string, startedAt: number): void => {
      const known = (ages[name] ??= [])
      if (known.length < namedRequests) known.push(Math.round(now - startedAt))
    }
    for (const { request, startedAt } of this.#inFlight) {
      const { url = '(no route)', config } = request.routeOptions
      add(config.operation ?? `${request.method} ${url}`, startedAt)
    }
    for (const { name, startedAt } of this.#work.running()) add(`background work of ${name}`, startedAt)
    return ages
  }
}

/** In tests and in `tricube dev` no load balancer has to learn of the stop. */
function defaultDelayMs(): number {
  return process.env['NODE_ENV'] === 'test' ? 0 : 1500
}

function isDevelopment(): boolean {
  return process.env['NODE_ENV'] === 'development'
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** How often to look for a stream of events that ignores the signal, in milliseconds. */
const streamCheckMs = 250
/**
 * How long a new connection may take to send its first request, in milliseconds. Connections opened in advance are
 * closed.
 */
const newConnectionMs = 500
/** How long aborted work gets to notice, in milliseconds. */
const abortedMs = 500
/**
 * Time for everything but the requests, in milliseconds. With the defaults a stop ends before Kubernetes kills at 30 s.
 */
const closingMs = 3000
/** Most requests of one operation that a message names. */
const namedRequests = 20
