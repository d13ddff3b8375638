import { Pool } from 'undici'
import { codes, GatewayTimeout, ServiceUnavailable } from '../contract/errors.ts'
import type { Instance, Registry } from '../discovery/registry.ts'
import { roundRobin, type Balancer } from '../resilience/balancer.ts'
import type { Answer, Outgoing, Transport } from './call.ts'

/** Longest a connection attempt to an instance may take, in milliseconds: Envoy's `connect_timeout` is 5 s, a LAN answers in one. */
const connectTimeoutMs = 1000
/** Largest answer that is read, in bytes. */
const maxAnswerBytes = 16 * 1024 * 1024

/** The connections to the instances of one service: an undici pool each, opened and closed as the registry says. */
export class InstancePools implements AsyncDisposable {
  readonly #service: string
  readonly #pools = new Map<string, Pool>()
  readonly #balancer: Balancer<Pool> = roundRobin()
  readonly #unwatch: () => void
  #candidates: Pool[] = []

  constructor(service: string, registry: Registry) {
    this.#service = service
    this.#unwatch = registry.watch(service, (instances) => this.#update(instances))
  }

  /** Sends a call to one of the instances. */
  readonly send: Transport = async (outgoing) => {
    const pool = this.#balancer.pick(this.#candidates)
    if (!pool) throw new ServiceUnavailable(`${this.#service} has no instance`, { code: codes.calleeDown })
    const { controller, done } = abortAfter(outgoing)
    try {
      return await exchange(pool, outgoing, controller.signal)
    } catch (cause) {
      if (outgoing.signal?.aborted) throw new GatewayTimeout(`the call to ${this.#service} was given up`, { cause })
      if (controller.signal.aborted) throw new GatewayTimeout(`${this.#service} did not answer in time`, { cause })
      throw new ServiceUnavailable(`${this.#service} is unavailable`, { code: codes.calleeDown, cause })
    } finally {
      done()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unwatch()
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()))
  }

  #update(instances: readonly Instance[]): void {
    const wanted = new Map(instances.map((instance) => [originOf(instance), instance]))
    for (const [origin, pool] of this.#pools) {
      if (wanted.has(origin)) continue
      this.#pools.delete(origin)
      void pool.close() // what is in flight is answered first
    }
    for (const origin of wanted.keys()) {
      if (!this.#pools.has(origin)) this.#pools.set(origin, openPool(origin))
    }
    this.#candidates = [...this.#pools.values()]
  }
}

function openPool(origin: string): Pool {
  return new Pool(origin, {
    connect: { timeout: connectTimeoutMs },
    maxResponseSize: maxAnswerBytes,
    headersTimeout: 0, // a call's own timeout bounds all of it
    bodyTimeout: 0,
  })
}

function originOf({ address, port }: Instance): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
}

async function exchange(pool: Pool, { method, path, headers, body }: Outgoing, signal: AbortSignal): Promise<Answer> {
  const response = await pool.request({ method, path, headers, body: body ?? null, signal })
  return { status: response.statusCode, headers: response.headers, body: await response.body.text() }
}

/** Aborts at the call's timeout or with its signal, whichever is first. */
function abortAfter({ timeoutMs, signal }: Outgoing): { controller: AbortController; done: () => void } {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  const timer = setTimeout(abort, timeoutMs)
  if (signal?.aborted) abort()
  else signal?.addEventListener('abort', abort, { once: true })
  return {
    controller,
    done() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}
