import { performance as node } from 'node:perf_hooks' // a test's fake one has no utilisation
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

/** When requests are refused before they run; health, metrics and documentation never are. */
export interface AdmissionOptions {
  /** Milliseconds that requests may wait for each other in the event loop while it is saturated. Default 20. */
  readonly targetDelayMs?: number
  /** Requests in flight beyond which all others are refused, so that what hangs does not fill the memory. Default 10,000. */
  readonly maxConcurrency?: number
}

/** The options that admission reads. */
export interface AdmissionPartOptions {
  /** What is refused while the service has too much to do; `false`: nothing. */
  readonly admission?: AdmissionOptions | false
}

/** Refuses requests while the service has too much to do. */
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

/** What one worker may let in, so that all of them keep to the service's `maxConcurrency`: its memory is that of all. */
export function admissionShare(options: AdmissionOptions | false, size: number): AdmissionOptions | false {
  if (!options || size === 1) return options
  return { ...options, maxConcurrency: shareOf(options.maxConcurrency ?? defaultMaxConcurrency, size) }
}

/** So many requests in flight are let in where nobody says otherwise. */
const defaultMaxConcurrency = 10_000

/** How much of `targetDelayMs`, and of the number in flight, each priority may have: what is sheddable leaves room for the others. */
const shares = priorities.map((priority) => ({ critical: 1.5, normal: 1, sheddable: 0.5 })[priority])

/** Milliseconds between two looks at the loop's utilisation, which libuv counts anyway. */
const sampleMs = 50
/** Milliseconds between two lines of log about what was refused: under overload one for each would be more of it. */
const reportMs = 10_000
/** It did not run, so that a caller may try another instance, and this one after a second. */
const elsewhere: Readonly<Record<string, string>> = { [shouldRetryHeader]: 'true', 'retry-after': '1' }

/**
 * Refuses requests that are not worth running, before anything is made for them: 504 when their deadline is past, 503 when
 * the event loop is saturated or too many are in flight.
 *
 * While the loop is saturated, those that are refused wait to be told until there is time for it: callers who are told at once
 * ask the next at once, and refusing would take the time of the answers.
 *
 * A request costs a comparison or two while the loop has idle moments.
 */
export class Admission implements Opened {
  readonly #limiter: Limiter
  readonly #maxConcurrency: number
  /** Of each operation. */
  readonly #ranks: ReadonlyMap<string, number>
  readonly #metrics: RequestMetrics
  readonly #inFlight: InFlight
  readonly #untold = new Paced<Refused>((one) => this.#tell(one))
  readonly #log: LateLog
  #isClosed = false
  /** There while requests come. */
  #sampler: NodeJS.Timeout | undefined
  /** Whether one has come since the last look. */
  #isAsked = false
  #reportedAt = Number.NEGATIVE_INFINITY
  /** When the first request of this turn of the loop came; undefined between turns. */
  #turnBegan: number | undefined
  /** When the last one ended that is known of. */
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

  /** Whether a request is taken; one that is not is answered here, so that pages which `allowOrigin` knows may read it. */
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

  /** An operation's request has ended: answered so many milliseconds after it came, or its caller has hung up. */
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
      // who is not told before the service stops would not be told at all
      if (!this.#limiter.isPressed || this.#inFlight.endsConnections) this.#untold.run(sampleMs / 2)
      if (this.#refused > 0) this.#report()
      else if (this.#isAtRest) this.#rest()
      this.#isAsked = false
    }, sampleMs).unref()
  }

  get #isAtRest(): boolean {
    return !this.#isAsked && this.#inFlight.size === 0 && this.#untold.size === 0 && !this.#limiter.isPressed
  }

  /** A service that nobody asks has nothing to watch: twenty looks a second are half a percent of a processor. */
  #rest(): void {
    clearInterval(this.#sampler)
    this.#sampler = undefined
  }

  #report(): void {
    if (performance.now() - this.#reportedAt < reportMs) return
    this.#log.warn({ refused: this.#refused }, 'overloaded: requests were refused')
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
    if (reply.raw.destroyed) return // its caller has hung up
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

  /** Milliseconds that the loop has worked on this turn's requests: at least so long has this one waited. */
  #waitedMs(): number {
    const now = performance.now()
    if (this.#turnBegan === undefined) {
      this.#turnBegan = now
      setImmediate(this.#endTurn) // runs when everything that this turn's poll has brought is handled
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

/** Made once: an error with its stack costs more than the request. */
const errors: Readonly<Record<Rejection, HttpError>> = {
  overload: new ServiceUnavailable('overloaded', { code: codes.overloaded, headers: elsewhere }),
  concurrency: new ServiceUnavailable('too many requests in flight', { code: codes.overloaded, headers: elsewhere }),
  deadline: new GatewayTimeout('the deadline was past on arrival'),
}
