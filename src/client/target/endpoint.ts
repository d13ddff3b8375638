import type { buildConnector, Dispatcher } from 'undici'
import { originOf } from '../../discovery/instances.ts'
import type { Instance } from '../../discovery/registry.ts'
import type { Certificates } from '../../tls/certificates.ts'
import type { Outgoing } from '../call/call.ts'
import { Exchange } from '../call/exchange.ts'
import { withoutContinue } from '../call/interim.ts'
import type { OperationPolicy } from '../call/operationPolicy.ts'
import { announcedIdleMs } from '../lanes/announcement.ts'
import { Lanes } from '../lanes/lanes.ts'
import { requestText } from '../lanes/requestText.ts'
import { secureConnector } from './secureConnector.ts'

/** Longest a connection attempt may take, its TLS handshake included, in milliseconds: a network that one runs services in answers in far less. */
const connectTimeoutMs = 1000
/**
 * How long an idle connection is kept, in milliseconds: shorter than any server's 72 s and the 60 s of load balancers, so
 * that the one who calls closes it, and no request meets a connection that is being closed.
 */
const keepAliveTimeoutMs = 30_000
/** Most connections to one instance: a caller with more calls in flight than that has them wait. */
const maxConnections = 128

type Undici = typeof import('undici')
let undici: Undici | undefined

/** Loads undici. It is a tenth of a service's start, so it waits until the service listens or calls somebody. */
export async function loadUndici(): Promise<void> {
  undici ??= await import('undici')
}

/** Whether undici is there. */
export function hasUndici(): boolean {
  return undici !== undefined
}

/** Is told when an instance has broken HTTP on a lane. */
export type OnProblem = (instance: Instance, problem: string) => void

/** What the calls on lanes have come to. */
export interface LaneStats {
  laneCalls: number
  laneResends: number
}

/** How the instances of a service are reached. */
export interface EndpointOptions {
  readonly maxResponseBytes: number
  readonly usesLanes: boolean
  /** Counted up. */
  readonly stats: LaneStats
  readonly onProblem: OnProblem | undefined
}

/** The connections to one instance: an undici pool, opened by the first call, and lanes once it has said that it knows them. */
export class Endpoint {
  readonly #instance: Instance
  readonly #host: string
  readonly #certificates: Certificates
  readonly #options: EndpointOptions
  #pool: Dispatcher | undefined
  #connect: buildConnector.connector | undefined
  #lanes: Lanes | undefined

  constructor(instance: Instance, certificates: Certificates, options: EndpointOptions) {
    this.#instance = instance
    this.#host = new URL(originOf(instance)).host
    this.#certificates = certificates
    this.#options = options
  }

  /** Lanes that are open. */
  get lanes(): number {
    return this.#lanes?.size ?? 0
  }

  /** Sends a call; undici has to be loaded. */
  send(
    outgoing: Outgoing,
    { idempotent, pace }: OperationPolicy,
    timeoutMs: number,
    onEnd: (exchange: Exchange) => void,
  ): Exchange {
    const exchange = new Exchange(timeoutMs, outgoing, onEnd)
    const lanes = this.#lanes
    const isOnLane =
      lanes?.areOpen === true && idempotent && pace.isShort(lanes.pace.lateMs) && this.#sendOnLane(exchange, lanes)
    if (!isOnLane) this.#sendToPool(exchange)
    const { span } = outgoing
    if (span) {
      span.value1 = this.#instance.address
      span.value2 = this.#instance.port
      span.set('tricube.connection', isOnLane ? 'lane' : 'pool')
    }
    return exchange
  }

  /** An exchange with it has been answered, so many milliseconds after it began. */
  answered(exchange: Exchange, latencyMs: number): void {
    if (!this.#options.usesLanes) return
    if (this.#lanes?.areOpen) {
      if (exchange.endsConnection) return this.#lanes.forget()
      this.#lanes.pace.observe(latencyMs)
      return
    }
    const idleMs = exchange.endsConnection ? undefined : announcedIdleMs(exchange.headers)
    if (idleMs === undefined) return
    this.#lanes ??= this.#openLanes()
    this.#lanes.announced(idleMs)
  }

  /** Answers what is in flight, then ends the connections. */
  async close(): Promise<void> {
    await Promise.all([this.#pool?.close(), this.#lanes?.close()])
  }

  #sendOnLane(exchange: Exchange, lanes: Lanes): boolean {
    const text = requestText(exchange.outgoing, this.#host)
    if (!text || !lanes.send(exchange, text, performance.now())) return false
    exchange.begin()
    this.#options.stats.laneCalls += 1
    return true
  }

  #sendToPool(exchange: Exchange): void {
    exchange.begin()
    const pool = (this.#pool ??= this.#openPool())
    pool.dispatch(exchange.outgoing as Dispatcher.DispatchOptions, exchange)
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

  #openPool(): Dispatcher {
    return new undici!.Pool(originOf(this.#instance), {
      connections: maxConnections,
      connect: withoutContinue(this.#connector),
      keepAliveTimeout: keepAliveTimeoutMs,
      keepAliveMaxTimeout: keepAliveTimeoutMs,
      maxResponseSize: this.#options.maxResponseBytes,
      headersTimeout: 0, // a call's own timeout bounds all of it
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
