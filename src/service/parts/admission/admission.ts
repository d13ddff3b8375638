import { performance as node } from 'node:perf_hooks' // a fake one has no utilisation
import type { FastifyReply, FastifyRequest } from 'fastify'
import { shouldRetryHeader } from '../../../client/call/call.ts'
import type { Contract } from '../../../contract/contract.ts'
import { codes, GatewayTimeout, ServiceUnavailable } from '../../../contract/errors.ts'
import type { HttpError } from '../../../contract/httpError.ts'
import { priorities } from '../../../contract/operation.ts'
import type { AllowOrigin } from '../../../http/cors.ts'
import { sendError } from '../../../http/errors/errors.ts'
import type { InFlight } from '../../../http/inFlight/inFlight.ts'
import { remainingMsOf } from '../../../http/remaining.ts'
import { either, exactly, group, number, integer } from '../../../config/rules.ts'
import type { LateLog } from '../../../log/late.ts'
import type { Rejection, RequestMetrics } from '../../../metrics/requests.ts'
import { noLimiter, turnLimiter, type Limiter } from '../../../resilience/limiter.ts'
import { Paced } from '../../../resilience/paced.ts'
import type { Opened, Part } from '../../part.ts'
import { metrics } from '../metrics.ts'
import { shareOf } from '../workers/share.ts'
import { workers } from '../workers/workers.ts'

/** When requests are rejected before they run. Health, metrics and documentation are never rejected. */
export interface AdmissionOptions {
  /** Milliseconds that requests may wait for each other in the event loop while it is saturated. Default 20. */
  readonly targetDelayMs?: number
  /**
   * Most requests in flight. All further ones are rejected, so that hanging requests cannot fill the memory. Default
   * 10,000.
   */
  readonly maxConcurrency?: number
}

/** The options that admission reads. */
export interface AdmissionPartOptions {
  /** When an overloaded service rejects requests; `false`: never. */
  readonly admission?: AdmissionOptions | false
}

/** Rejects requests while the service is overloaded. */
export const admission: Part<AdmissionPartOptions, {}, Admission> = {
  name: 'admission',
  options: {
    admission: either(
      exactly(false),
      group<AdmissionOptions>({
        targetDelayMs: number({ min: 1, unit: 'ms' }),
        maxConcurrency: integer({ min: 1 }),
      }),
    ),
  },
  async open({ contract, inFlight, log, use }, { admission: options = {} }) {
    const { requests } = await use(metrics)
    const { size } = await use(workers)
    return new Admission(contract, admissionShare(options, size), requests, inFlight, log)
  },
}

/** Divides `maxConcurrency` among the workers, which share the service's memory. */
export function admissionShare(options: AdmissionOptions | false, size: number): AdmissionOptions | false {
  if (!options || size === 1) return options
  return { ...options, maxConcurrency: shareOf(options.maxConcurrency ?? defaultMaxConcurrency, size) }
}

/** The default of `maxConcurrency`. */
const defaultMaxConcurrency = 10_000

/**
 * The share of `targetDelayMs` and of `maxConcurrency` of each priority. Sheddable requests leave room for the rest.
 */
const shares = priorities.map((priority) => ({ critical: 1.5, normal: 1, sheddable: 0.5 })[priority])

/** Milliseconds between two reads of the event loop's utilisation, which libuv counts anyway. */
const sampleMs = 50
/** Milliseconds between two log lines about rejections. One for each would add to the overload. */
const reportMs = 10_000
/** The request did not run, so a caller may retry on another instance, and on this one after a second. */
const elsewhere: Readonly<Record<string, string>> = { [shouldRetryHeader]: 'true', 'retry-after': '1' }

/**
 * Rejects requests before anything is allocated for them. The status is 504 when their deadline is past, and 503 when the
 * event loop is saturated or too many requests are in flight.
 *
 * While the loop is saturated, the 503 is sent when there is time for it. Callers that get it at once send the next
 * request at once, and rejecting would take the time for responses.
 *
 * A request costs a comparison or two while the loop has idle moments.
 */
export class Admission implements Opened {
  readonly #limiter: Limiter
  readonly #maxConcurrency: number
  /** State of each operation. */
  readonly #ranks: ReadonlyMap<string, number>
  readonly #metrics: RequestMetrics
  readonly #inFlight: InFlight
  readonly #untold = new Paced<Refused>((one) => this.#tell(one))
  readonly #log: LateLog
  #isClosed = false
  /** Runs while requests arrive. */
  #sampler: NodeJS.Timeout | undefined
  /** Whether a request has arrived since the last read. */
  #isAsked = false
  #reportedAt = Number.NEGATIVE_INFINITY
  /** When the first request of this turn of the loop arrived; undefined between turns. */
  #turnBegan: number | undefined
  /** When the last observed turn ended. */
  #turnEnded = 0
  #refused = 0

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

  /** Whether a request is admitted. If not, it sends the 503 or 504, which pages of allowed origins may read. */
  admits(request: FastifyRequest, reply: FastifyReply, allowOrigin?: AllowOrigin): boolean {
    this.#isAsked = true
    if (!this.#sampler) this.#watch()
    const mayRun =
      !this.#limiter.isPressed &&
      this.#inFlight.size < this.#maxConcurrency &&
      request.headers['x-request-timeout-ms'] !== '0'
    return mayRun || this.#mayRunNow(request, reply, allowOrigin)
  }

  close(): void {
    this.#isClosed = true
    this.#rest()
  }

  /** Records the end of a request, with the milliseconds until its response, or without when its caller hung up. */
  ended(operation: string, answeredMs: number | undefined): void {
    this.#limiter.ended(operation, answeredMs)
  }

  #watch(): void {
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
      if (!this.#limiter.isPressed) this.#turnEnded = performance.now()
      // a stopping service would never send it later
      if (!this.#limiter.isPressed || this.#inFlight.endsConnections) this.#untold.run(sampleMs / 2)
      if (this.#refused > 0) this.#report()
      else if (this.#isAtRest) this.#rest()
      this.#isAsked = false
    }, sampleMs).unref()
  }

  get #isAtRest(): boolean {
    return !this.#isAsked && this.#inFlight.size === 0 && this.#untold.size === 0 && !this.#limiter.isPressed
  }

  /** An idle service has nothing to watch: twenty reads a second cost half a percent of a processor. */
  #rest(): void {
    clearInterval(this.#sampler)
    this.#sampler = undefined
  }

  #report(): void {
    if (performance.now() - this.#reportedAt < reportMs) return
    this.#log.warn({ refused: this.#refused }, 'overloaded: requests were rejected')
    this.#refused = 0
    this.#reportedAt = performance.now()
  }

  #mayRunNow(request: FastifyRequest, reply: FastifyReply, allowOrigin: AllowOrigin | undefined): boolean {
    const { operation } = request.routeOptions.config
    if (operation === undefined) return true
    const waitedMs = this.#limiter.isPressed ? this.#waitedMs() : 0
    const refusal = this.#refusal(this.#ranks.get(operation)!, waitedMs, remainingMsOf(request))
    if (refusal === undefined) return true
    if (refusal !== 'deadline') this.#refused += 1
    this.#metrics.reject(operation, refusal)
    allowOrigin?.(request, reply)
    if (this.#mayWait) this.#untold.add({ reply, refusal })
    else this.#tell({ reply, refusal })
    return false
  }

  get #mayWait(): boolean {
    return this.#limiter.isPressed && !this.#inFlight.endsConnections && this.#untold.size < this.#maxConcurrency
  }

  #tell({ reply, refusal }: Refused): void {
    if (reply.raw.destroyed) return // its caller hung up
    this.#inFlight.beforeHeaders(reply)
    sendError(reply, errors[refusal])
  }

  #refusal(rank: number, waitedMs: number, remainingMs: number | undefined): Rejection | undefined {
    if (remainingMs !== undefined && remainingMs <= waitedMs) return 'deadline'
    if (this.#inFlight.size >= this.#maxConcurrency) return 'concurrency'
    return this.#limiter.isPressed && !this.#limiter.admits(rank, waitedMs, this.#inFlight.size)
      ? 'overload'
      : undefined
  }

  /** Milliseconds that the loop has worked on this turn's requests. The request has waited at least that long. */
  #waitedMs(): number {
    const now = performance.now()
    if (this.#turnBegan === undefined) {
      this.#turnBegan = now
      setImmediate(this.#endTurn) // runs when all events of this turn's poll are handled
    }
    return now - this.#turnBegan
  }

  readonly #endTurn = (): void => {
    const now = performance.now()
    this.#untold.run(this.#limiter.endTurn(now - this.#turnEnded, this.#untold.waitedMs))
    this.#turnEnded = now
    this.#turnBegan = undefined
  }
}

interface Refused {
  readonly reply: FastifyReply
  readonly refusal: Rejection
}

/** Created once: an error with its stack costs more than the request. */
const errors: Readonly<Record<Rejection, HttpError>> = {
  overload: new ServiceUnavailable('overloaded', { code: codes.overloaded, headers: elsewhere }),
  concurrency: new ServiceUnavailable('too many requests in flight', { code: codes.overloaded, headers: elsewhere }),
  deadline: new GatewayTimeout('the deadline was past on arrival'),
}
