import type { buildConnector, Dispatcher } from 'undici'
import { originOf } from '../../discovery/instances.ts'
import type { Instance } from '../../discovery/registry.ts'
import type { Certificates } from '../../tls/certificates.ts'
import type { OutgoingRequest } from '../call/call.ts'
import { Exchange } from '../call/exchange.ts'
import { withoutContinue } from '../call/interim.ts'
import type { OperationPolicy } from '../call/operationPolicy.ts'
import { announcedIdleMs } from '../lanes/announcement.ts'
import { Lanes } from '../lanes/lanes.ts'
import { requestText } from '../lanes/requestText.ts'
import { secureConnector } from './secureConnector.ts'

/** The time limit of a connection attempt in milliseconds, TLS handshake included. Within a data center it takes a few. */
const connectTimeoutMs = 1000
/**
 * How long an idle connection stays open, in milliseconds.
 *
 * It is shorter than the 72 s of tricube's servers and the 60 s of load balancers. So the client closes first, and no
 * request meets a closing connection.
 */
const keepAliveTimeoutMs = 30_000
/** The most connections to one instance. Further calls wait. */
const maxConnections = 128

type Undici = typeof import('undici')
let undici: Undici | undefined

/** Loads undici. It takes a tenth of a service's start, so it is loaded once the service listens, or by the first call. */
export async function loadUndici(): Promise<void> {
  undici ??= await import('undici')
}

/** Whether undici is loaded. */
export function hasUndici(): boolean {
  return undici !== undefined
}

/** Reports an instance that violated HTTP on a lane. */
export type OnProblem = (instance: Instance, problem: string) => void

/** Counts calls on lanes. */
export interface LaneStats {
  laneCalls: number
  /** Calls that were sent again over another connection because their lane was late. */
  laneResends: number
}

/** Options of all endpoints of a service. */
export interface EndpointOptions {
  readonly maxResponseBytes: number
  readonly usesLanes: boolean
  /** The counters to increment. */
  readonly stats: LaneStats
  readonly onProblem: OnProblem | undefined
}

/** The connections to one instance: an undici pool, opened by the first call, and lanes once the instance announces them. */
export class Endpoint {
  readonly #instance: Instance
  readonly #host: string
  readonly #certificates: Certificates
  readonly #options: EndpointOptions
  #pool: Dispatcher | undefined
  /** The connections of files that are read while they arrive: without a limit, and apart from short calls. */
  #filePool: Dispatcher | undefined
  #connect: buildConnector.connector | undefined
  #lanes: Lanes | undefined

  constructor(instance: Instance, certificates: Certificates, options: EndpointOptions) {
    this.#instance = instance
    this.#host = new URL(originOf(instance)).host
    this.#certificates = certificates
    this.#options = options
  }

  /** The number of open lanes. */
  get lanes(): number {
    return this.#lanes?.size ?? 0
  }

  /** Sends a request. undici must be loaded. */
  send(
    request: OutgoingRequest,
    { idempotent, typical }: OperationPolicy,
    timeoutMs: number,
    onEnd: (exchange: Exchange) => void,
  ): Exchange {
    const exchange = new Exchange(timeoutMs, request, onEnd)
    const lanes = this.#lanes
    const isOnLane =
      lanes?.isEnabled === true &&
      idempotent &&
      typical.isShort(lanes.typical.lateMs) &&
      this.#sendOnLane(exchange, lanes)
    if (!isOnLane) this.#sendToPool(exchange)
    const { span } = request
    if (span) {
      span.value1 = this.#instance.address
      span.value2 = this.#instance.port
      span.set('tricube.connection', isOnLane ? 'lane' : 'pool')
    }
    return exchange
  }

  /** Records a response and its latency in milliseconds. */
  responded(exchange: Exchange, latencyMs: number): void {
    if (!this.#options.usesLanes) return
    if (this.#lanes?.isEnabled) {
      if (exchange.endsConnection) return this.#lanes.disable()
      this.#lanes.typical.observe(latencyMs)
      return
    }
    const idleMs = exchange.endsConnection ? undefined : announcedIdleMs(exchange.headers)
    if (idleMs === undefined) return
    this.#lanes ??= this.#openLanes()
    this.#lanes.enable(idleMs)
  }

  /** Waits for the calls in flight and the files that are being read, then closes the connections. */
  async close(): Promise<void> {
    await Promise.all([this.#pool?.close(), this.#filePool?.close(), this.#lanes?.close()])
  }

  /** Ends the files that are being read, waits for the calls in flight, then closes the connections. */
  async dispose(): Promise<void> {
    const files = this.#filePool
    this.#filePool = undefined
    await Promise.all([files?.destroy(), this.close()])
  }

  #sendOnLane(exchange: Exchange, lanes: Lanes): boolean {
    const text = requestText(exchange.request, this.#host)
    if (!text || !lanes.send(exchange, text, performance.now())) return false
    exchange.begin()
    this.#options.stats.laneCalls += 1
    return true
  }

  #sendToPool(exchange: Exchange): void {
    exchange.begin()
    const pool =
      exchange.request.reads === 'stream'
        ? (this.#filePool ??= this.#openPool(-1))
        : (this.#pool ??= this.#openPool(this.#options.maxResponseBytes))
    pool.dispatch(exchange.request as Dispatcher.DispatchOptions, exchange)
  }

  #openLanes(): Lanes {
    const { address: hostname, port, secure, serverName } = this.#instance
    const to = { hostname, host: this.#host, protocol: secure ? 'https:' : 'http:', port: String(port) }
    return new Lanes({
      maxResponseBytes: this.#options.maxResponseBytes,
      connect: (callback) => {
        this.#connector({ ...to, ...(serverName !== undefined && { servername: serverName }) }, (_error, socket) =>
          callback(socket ?? undefined),
        )
      },
      resend: (call) => {
        this.#options.stats.laneResends += 1
        this.#sendToPool(call as Exchange)
      },
      onProblem: (problem) => this.#options.onProblem?.(this.#instance, problem),
    })
  }

  /** Opens a pool. -1: without a limit on the bytes of a response. */
  #openPool(maxResponseSize: number): Dispatcher {
    return new undici!.Pool(originOf(this.#instance), {
      connections: maxConnections,
      connect: withoutContinue(this.#connector),
      keepAliveTimeout: keepAliveTimeoutMs,
      keepAliveMaxTimeout: keepAliveTimeoutMs,
      maxResponseSize,
      headersTimeout: 0, // the time limit of a call covers all of it
      bodyTimeout: 0,
    })
  }

  get #connector(): buildConnector.connector {
    const { buildConnector } = undici!
    return (this.#connect ??= this.#instance.secure
      ? secureConnector(this.#instance, this.#certificates, buildConnector, connectTimeoutMs)
      : buildConnector({ timeout: connectTimeoutMs }))
  }
}
