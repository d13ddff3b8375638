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

/** How a service stops, all in milliseconds. */
export interface DrainOptions {
  /**
   * How long it answers as before once it says that it is not ready: for load balancers that hear of it late, such as
   * Kubernetes' (`TRICUBE_PRE_STOP_DELAY_MS`). Default 0.
   */
  readonly preStopDelayMs?: number
  /** How long it then still accepts, while each answer, or HTTP/2's GOAWAY, ends its connection. Default 1500; in tests 0. */
  readonly delayMs?: number
  /** How long the requests that are in flight then have to finish. Default 25,000. */
  readonly timeoutMs?: number
}

/** What the drain reads of the configuration. */
export interface DrainConfig {
  /**
   * Milliseconds that a service which stops responds as before, for load balancers that hear of it late
   * (`TRICUBE_PRE_STOP_DELAY_MS`). Default: the service's own, else 0.
   */
  readonly preStopDelayMs: number
}

const ms = number({ unit: 'ms' })

/** Finishes the requests of a service that stops. */
export const drain: Part<{ readonly drain?: DrainOptions }, DrainConfig, Drain> = {
  name: 'drain',
  options: { drain: group<DrainOptions>({ preStopDelayMs: ms, delayMs: ms, timeoutMs: ms }) },
  settings: {
    preStopDelayMs: setting<number>(ms, {
      variable: 'TRICUBE_PRE_STOP_DELAY_MS',
      meaning: 'How long a service that stops responds as before, for load balancers that hear of it late.',
      value: 0,
      fallback: "the service's own, else 0",
      own: ({ drain: { preStopDelayMs } = {} }: { drain?: DrainOptions }) => preStopDelayMs,
    }),
  },
  open: (host, options) => new Drain(host, { ...options.drain, ...host.config }),
}

/** Requests were still in flight when the time for them was over. */
class DrainError extends Error {
  override readonly name = 'DrainError'
  /** Of each operation, route or piece of background work, the milliseconds since its requests began, the oldest first. */
  readonly inFlight: Readonly<Record<string, readonly number[]>>

  constructor(service: string, timeoutMs: number, inFlight: Readonly<Record<string, readonly number[]>>) {
    const list = Object.entries(inFlight).map(([operation, ages]) => `${operation} ${ages.map(seconds).join(', ')}`)
    super(`${service}: still in flight after ${seconds(timeoutMs)}: ${list.join('; ') || 'open connections'}`)
    this.inFlight = inFlight
  }
}

/**
 * The end of a server that is being called.
 *
 * A plain `close()` under load fails tens of requests: those that callers send on connections that it is closing. So it
 * first has callers go elsewhere, each with the answer to its request, which says `connection: close`, or by GOAWAY.
 */
export class Drain implements Opened {
  readonly #service: string
  readonly #fastify: FastifyInstance
  readonly #inFlight: InFlight
  readonly #work: Work
  readonly #preStopDelayMs: number
  readonly #delayMs: number
  /** How long what has begun may take to end, in milliseconds. */
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

  /** The longest that a stop may take, in milliseconds, whatever hangs. */
  get limitMs(): number {
    return this.#preStopDelayMs + this.#delayMs + this.timeoutMs + closingMs
  }

  /** Waits until the callers of a service that listens have gone elsewhere; it has said that it is not ready. */
  async stopTaking(): Promise<void> {
    if (!this.#fastify.server.listening) return
    if (this.#preStopDelayMs > 0) await systemClock.wait(this.#preStopDelayMs)
    this.#inFlight.endConnections()
    const server: Partial<GoAway> = this.#fastify.server as object // only one of HTTP/2 has it
    server.goAway?.()
    if (this.#delayMs > 0) await systemClock.wait(this.#delayMs)
  }

  /**
   * Accepts no more and finishes what is in flight: the requests, then what they and others have left running.
   *
   * @throws {DrainError} when that is not done in time; what it was is then aborted
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

  /** Of callers that have hung up Node counts out the connection a moment before the request hears of it. */
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

/** Nobody waits for a test, nor for a reload of `tricube dev`. */
function defaultDelayMs(): number {
  return process.env['NODE_ENV'] === 'test' ? 0 : 1500
}

function isDevelopment(): boolean {
  return process.env['NODE_ENV'] === 'development'
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** A stream of events that ignores the signal is looked for so often. */
const streamCheckMs = 250
/** Whoever has connected is about to send a request, or has opened a connection in advance: that is given up. */
const newConnectionMs = 500
/** What has been aborted gets this long to notice. */
const abortedMs = 500
/** For all but the requests: with the defaults it is over before the 30 s after which Kubernetes kills. */
const closingMs = 3000
/** So many of each operation are named: more say nothing more. */
const namedRequests = 20
