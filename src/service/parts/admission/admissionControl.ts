import { performance as node } from 'node:perf_hooks' // the fake clock of a test has no utilisation
import type { FastifyReply, FastifyRequest } from 'fastify'
import { shouldRetryHeader } from '../../../client/call/call.ts'
import type { Contract } from '../../../contract/contract.ts'
import { codes } from '../../../contract/errors.ts'
import { GatewayTimeout, ServiceUnavailable } from '../../../contract/serverErrors.ts'
import type { HttpError } from '../../../contract/httpError.ts'
import { priorities } from '../../../contract/operation.ts'
import type { AllowOrigin } from '../../../http/cors.ts'
import { sendError } from '../../../http/errors/errors.ts'
import type { InFlight } from '../../../http/inFlight/inFlight.ts'
import { remainingMsOf } from '../../../http/remaining.ts'
import type { LateLog } from '../../../log/late.ts'
import type { Rejection, RequestMetrics } from '../../../metrics/requests.ts'
import { noLimiter, turnLimiter, type Limiter } from '../../../resilience/limiter.ts'
import { Paced } from '../../../resilience/paced.ts'
import type { Opened } from '../../part.ts'

/** When a service rejects requests before they run. Health checks, metrics and documentation are always served. */
export interface AdmissionOptions {
  /** Milliseconds that requests may wait for each other in the event loop while it is saturated. Default 20. */
  readonly targetDelayMs?: number
  /** The most requests in flight, so that requests to a hanging service do not fill the memory. Default 10,000. */
  readonly maxConcurrency?: number
}

/** The default of `maxConcurrency`. */
export const defaultMaxConcurrency = 10_000

/** The share of `targetDelayMs` and of the requests in flight that each priority may use. Sheddable requests leave room. */
const shares = priorities.map((priority) => ({ critical: 1.5, normal: 1, sheddable: 0.5 })[priority])

/** Milliseconds between two samples of the loop's utilisation, which libuv measures anyway. */
const sampleMs = 50
/** Milliseconds between two log lines about rejections. A line for each one would add to the overload. */
const reportMs = 10_000
/** The request did not run. The caller may retry at another instance now, and at this one after a second. */
const retryElsewhere: Readonly<Record<string, string>> = { [shouldRetryHeader]: 'true', 'retry-after': '1' }

/**
 * Rejects requests that are not worth running, before anything is allocated for them. The status is 504 when the deadline
 * has passed, and 503 when the event loop is saturated or too many requests are in flight.
 *
 * While the loop is saturated, rejections wait until there is time for them. Callers that get one at once send their next
 * request at once, and rejections would take the time of the responses.
 *
 * While the loop has idle moments, a request costs one or two comparisons.
 */
export class AdmissionControl implements Opened {
  readonly #limiter: Limiter
  readonly #maxConcurrency: number
  /** The index of each operation's priority. */
  readonly #ranks: ReadonlyMap<string, number>
  readonly #metrics: RequestMetrics
  readonly #inFlight: InFlight
  readonly #delayed = new Paced<DelayedRejection>((one) => this.#reject(one))
  readonly #log: LateLog
  #isClosed = false
  /** Undefined while no requests come. */
  #sampler: NodeJS.Timeout | undefined
  /** Whether a request has come since the last sample. */
  #hasRequests = false
  #reportedAt = Number.NEGATIVE_INFINITY
  /** When the first request of this turn of the loop came; undefined between turns. */
  #turnStartedAt: number | undefined
  /** When the last known turn ended. */
  #turnEndedAt = 0
  #rejectedCount = 0

  constructor(
    { operations }: Contract,
    options: AdmissionOptions | false,
    metrics: RequestMetrics,
    inFlight: InFlight,
    log: LateLog,
  ) {
    const { maxConcurrency = defaultMaxConcurrency, ...limits } = options || {
      maxConcurrency: Number.POSITIVE_INFINITY,
    }
    this.#limiter = options ? turnLimiter({ ...limits, shares }) : noLimiter
    this.#maxConcurrency = maxConcurrency
    this.#ranks = new Map(
      Object.entries(operations).map(([name, { priority = 'normal' }]) => [name, priorities.indexOf(priority)]),
    )
    this.#metrics = metrics
    this.#inFlight = inFlight
    this.#log = log
  }

  /** Returns whether a request may run. If not, it sends the rejection, with the CORS headers of `allowOrigin`. */
  admits(request: FastifyRequest, reply: FastifyReply, allowOrigin?: AllowOrigin): boolean {
    this.#hasRequests = true
    if (!this.#sampler) this.#startSampling()
    const mayRun =
      !this.#limiter.isPressed &&
      this.#inFlight.size < this.#maxConcurrency &&
      request.headers['x-request-timeout-ms'] !== '0'
    return mayRun || this.#admitsUnderPressure(request, reply, allowOrigin)
  }

  close(): void {
    this.#isClosed = true
    this.#stopSampling()
  }

  /** Records the end of a request: its response after this many milliseconds, or that its caller hung up. */
  ended(operation: string, responseMs: number | undefined): void {
    this.#limiter.ended(operation, responseMs)
  }

  #startSampling(): void {
    if (this.#isClosed) return
    let last = node.eventLoopUtilization()
    let lastCpu = process.cpuUsage()
    this.#sampler = setInterval(() => {
      const now = node.eventLoopUtilization()
      const cpu = process.cpuUsage()
      const active = now.active - last.active
      const cpuMs = (cpu.user + cpu.system - lastCpu.user - lastCpu.system) / 1000
      this.#limiter.observe(active, active + now.idle - last.idle, cpuMs)
      last = now
      lastCpu = cpu
      if (!this.#limiter.isPressed) this.#turnEndedAt = performance.now()
      // A rejection that is not sent before the service stops is never sent.
      if (!this.#limiter.isPressed || this.#inFlight.endsConnections) this.#delayed.run(sampleMs / 2)
      if (this.#rejectedCount > 0) this.#report()
      else if (this.#isIdle) this.#stopSampling()
      this.#hasRequests = false
    }, sampleMs).unref()
  }

  get #isIdle(): boolean {
    return !this.#hasRequests && this.#inFlight.size === 0 && this.#delayed.size === 0 && !this.#limiter.isPressed
  }

  /** Saves half a percent of a processor, the cost of twenty samples a second, while the service is idle. */
  #stopSampling(): void {
    clearInterval(this.#sampler)
    this.#sampler = undefined
  }

  #report(): void {
    if (performance.now() - this.#reportedAt < reportMs) return
    this.#log.warn({ rejected: this.#rejectedCount }, 'the service is overloaded and rejected requests')
    this.#rejectedCount = 0
    this.#reportedAt = performance.now()
  }

  #admitsUnderPressure(request: FastifyRequest, reply: FastifyReply, allowOrigin: AllowOrigin | undefined): boolean {
    const { operation } = request.routeOptions.config
    if (operation === undefined) return true
    const waitedMs = this.#limiter.isPressed ? this.#waitedMs() : 0
    const rejection = this.#rejectionOf(this.#ranks.get(operation)!, waitedMs, remainingMsOf(request))
    if (rejection === undefined) return true
    if (rejection !== 'deadline') this.#rejectedCount += 1
    this.#metrics.reject(operation, rejection)
    allowOrigin?.(request, reply)
    if (this.#mayDelay) this.#delayed.add({ reply, rejection })
    else this.#reject({ reply, rejection })
    return false
  }

  get #mayDelay(): boolean {
    return this.#limiter.isPressed && !this.#inFlight.endsConnections && this.#delayed.size < this.#maxConcurrency
  }

  #reject({ reply, rejection }: DelayedRejection): void {
    if (reply.raw.destroyed) return // the caller has hung up
    this.#inFlight.beforeHeaders(reply)
    sendError(reply, errors[rejection])
  }

  #rejectionOf(rank: number, waitedMs: number, remainingMs: number | undefined): Rejection | undefined {
    if (remainingMs !== undefined && remainingMs <= waitedMs) return 'deadline'
    if (this.#inFlight.size >= this.#maxConcurrency) return 'concurrency'
    return this.#limiter.isPressed && !this.#limiter.admits(rank, waitedMs, this.#inFlight.size)
      ? 'overload'
      : undefined
  }

  /** Milliseconds that the loop has worked on the requests of this turn. This one has waited at least as long. */
  #waitedMs(): number {
    const now = performance.now()
    if (this.#turnStartedAt === undefined) {
      this.#turnStartedAt = now
      setImmediate(this.#endTurn) // runs once everything that this turn's poll brought has been handled
    }
    return now - this.#turnStartedAt
  }

  readonly #endTurn = (): void => {
    const now = performance.now()
    this.#delayed.run(this.#limiter.endTurn(now - this.#turnEndedAt, this.#delayed.waitedMs))
    this.#turnEndedAt = now
    this.#turnStartedAt = undefined
  }
}

interface DelayedRejection {
  readonly reply: FastifyReply
  readonly rejection: Rejection
}

/** Created once, because an error with its stack costs more than the request. */
const errors: Readonly<Record<Rejection, HttpError>> = {
  overload: new ServiceUnavailable('overloaded', { code: codes.overloaded, headers: retryElsewhere }),
  concurrency: new ServiceUnavailable('too many requests in flight', {
    code: codes.overloaded,
    headers: retryElsewhere,
  }),
  deadline: new GatewayTimeout('the deadline was past on arrival'),
}
