import type { Dispatcher } from 'undici'
import type { Instance } from '../discovery/registry.ts'
import type { Outgoing } from './call.ts'
import { Exchange } from './exchange.ts'

/** Longest a connection attempt may take, in milliseconds: a network that one runs services in answers in far less. */
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

/** The connections to one instance: an undici pool, opened by the first call. */
export class Endpoint {
  readonly #origin: string
  readonly #address: string
  readonly #port: number
  readonly #maxAnswerBytes: number
  #pool: Dispatcher | undefined

  constructor(origin: string, maxAnswerBytes: number) {
    this.#origin = origin
    const { hostname, port } = new URL(origin)
    this.#address = hostname
    this.#port = Number(port || 80)
    this.#maxAnswerBytes = maxAnswerBytes
  }

  /** Sends a call; undici has to be loaded. */
  send(outgoing: Outgoing, timeoutMs: number, onEnd: (exchange: Exchange) => void): Exchange {
    const { span } = outgoing
    if (span) {
      span.value1 = this.#address
      span.value2 = this.#port
    }
    const exchange = new Exchange(timeoutMs, outgoing.signal, onEnd)
    const pool = (this.#pool ??= openPool(this.#origin, this.#maxAnswerBytes))
    pool.dispatch(outgoing as Dispatcher.DispatchOptions, exchange)
    return exchange
  }

  /** Answers what is in flight, then ends the connections. */
  async close(): Promise<void> {
    await this.#pool?.close()
  }
}

/** Where an instance is, as the start of a URL. */
export function originOf({ address, port }: Instance): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
}

function openPool(origin: string, maxResponseSize: number): Dispatcher {
  return new undici!.Pool(origin, {
    connections: maxConnections,
    connect: { timeout: connectTimeoutMs },
    keepAliveTimeout: keepAliveTimeoutMs,
    keepAliveMaxTimeout: keepAliveTimeoutMs,
    maxResponseSize,
    headersTimeout: 0, // a call's own timeout bounds all of it
    bodyTimeout: 0,
  })
}
