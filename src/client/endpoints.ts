import { codes, GatewayTimeout, ServiceUnavailable } from '../contract/errors.ts'
import type { Instance, Registry } from '../discovery/registry.ts'
import { roundRobin, type Balancer } from '../resilience/balancer.ts'
import type { Outgoing, Transport } from './call.ts'
import { Endpoint, originOf } from './endpoint.ts'

/** The instances of one service, as its registry tells them, and the way to one of them. */
export class Endpoints implements AsyncDisposable {
  readonly #service: string
  readonly #byOrigin = new Map<string, Endpoint>()
  readonly #balancer: Balancer<Endpoint> = roundRobin()
  readonly #unwatch: () => void
  #candidates: Endpoint[] = []

  constructor(service: string, registry: Registry) {
    this.#service = service
    this.#unwatch = registry.watch(service, (instances) => this.#update(instances))
  }

  /** Sends a call to one of the instances. */
  readonly send: Transport = async (outgoing) => {
    const endpoint = this.#balancer.pick(this.#candidates)
    if (!endpoint) throw new ServiceUnavailable(`${this.#service} has no instance`, { code: codes.calleeDown })
    const { controller, done } = abortAfter(outgoing)
    try {
      return await endpoint.exchange(outgoing, controller.signal)
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
    await Promise.all(this.#candidates.map((endpoint) => endpoint.close()))
  }

  #update(instances: readonly Instance[]): void {
    const origins = new Set(instances.map(originOf))
    for (const [origin, endpoint] of this.#byOrigin) {
      if (origins.has(origin)) continue
      this.#byOrigin.delete(origin)
      void endpoint.close()
    }
    for (const origin of origins) {
      if (!this.#byOrigin.has(origin)) this.#byOrigin.set(origin, new Endpoint(origin))
    }
    this.#candidates = [...this.#byOrigin.values()]
  }
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
