import type { Dispatcher } from 'undici'
import { originOf } from '../../discovery/instances.ts'
import type { Instance } from '../../discovery/registry.ts'
import type { Certificates } from '../../tls/certificates.ts'
import type { Outgoing } from '../call/call.ts'
import { Exchange } from '../call/exchange.ts'
import { withoutContinue } from '../call/interim.ts'
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

/** The connections to one instance: an undici pool, opened by the first call. */
export class Endpoint {
  readonly #instance: Instance
  readonly #certificates: Certificates
  readonly #maxAnswerBytes: number
  #pool: Dispatcher | undefined

  constructor(instance: Instance, certificates: Certificates, maxAnswerBytes: number) {
    this.#instance = instance
    this.#certificates = certificates
    this.#maxAnswerBytes = maxAnswerBytes
  }

  /** Sends a call; undici has to be loaded. */
  send(outgoing: Outgoing, timeoutMs: number, onEnd: (exchange: Exchange) => void): Exchange {
    const { span } = outgoing
    if (span) {
      span.value1 = this.#instance.address
      span.value2 = this.#instance.port
    }
    const exchange = new Exchange(timeoutMs, outgoing, onEnd)
    const pool = (this.#pool ??= this.#open())
    pool.dispatch(outgoing as Dispatcher.DispatchOptions, exchange)
    return exchange
  }

  /** Answers what is in flight, then ends the connections. */
  async close(): Promise<void> {
    await this.#pool?.close()
  }

  #open(): Dispatcher {
    const { Pool, buildConnector } = undici!
    const instance = this.#instance
    return new Pool(originOf(instance), {
      connections: maxConnections,
      connect: withoutContinue(
        instance.secure
          ? secureConnector(instance, this.#certificates, buildConnector, connectTimeoutMs)
          : buildConnector({ timeout: connectTimeoutMs }),
      ),
      keepAliveTimeout: keepAliveTimeoutMs,
      keepAliveMaxTimeout: keepAliveTimeoutMs,
      maxResponseSize: this.#maxAnswerBytes,
      headersTimeout: 0, // a call's own timeout bounds all of it
      bodyTimeout: 0,
    })
  }
}
