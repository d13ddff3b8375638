import { within } from '../../time/timeout.ts'
import type { ServiceDefinition } from './entries.ts'
import type { ConsulContext } from './watch.ts'

/** The description of an instance that is registered. */
export interface RegistrationDetails {
  readonly definition: ServiceDefinition
  /** The URL of the readiness check that the agent may request. */
  readonly url: string
}

/** How Consul learns whether an instance is healthy. */
export interface HealthCheck {
  /** `ttl`: the instance reports it several times per `periodMs`. `http`: the agent requests it every `periodMs`. */
  readonly kind: 'ttl' | 'http'
  readonly periodMs: number
  readonly ready: () => Promise<boolean>
}

/**
 * Keeps an instance registered with an agent until it ends. An agent that lost it, or that comes back, has it again
 * within one `periodMs`.
 */
export class Registration {
  readonly #id: string
  readonly #describe: () => Promise<RegistrationDetails>
  readonly #check: HealthCheck
  readonly #context: ConsulContext
  readonly #ending = new AbortController()
  #loop: Promise<void> | undefined
  #isKnown = false
  #isFailing = false

  constructor(id: string, describe: () => Promise<RegistrationDetails>, check: HealthCheck, context: ConsulContext) {
    this.#id = id
    this.#describe = describe
    this.#check = check
    this.#context = context
  }

  /** Resolves after the first attempt, whether or not it succeeded. */
  async start(): Promise<void> {
    await this.#beat()
    this.#loop = this.#keepOn()
  }

  /** Deregisters the instance. If the agent does not respond, its own check expires. */
  async end(): Promise<void> {
    const { agent, clock, log } = this.#context
    this.#ending.abort()
    try {
      await within(clock, endMs, async (signal) => {
        await this.#loop // a heartbeat in flight would register it again
        await agent.put(`/v1/agent/service/deregister/${encodeURIComponent(this.#id)}`, undefined, signal)
      })
    } catch (error) {
      log?.warn({ err: error }, `cannot deregister from Consul: the instance expires within ${this.#check.periodMs} ms`)
    }
  }

  /** Waits a third of the period and takes at most another third, so a lost registration is back within one period. */
  async #keepOn(): Promise<void> {
    const { clock, random } = this.#context
    while (!this.#ending.signal.aborted) {
      await clock.wait((this.#check.periodMs / 3) * (1 - random() / 10), this.#ending.signal)
      if (!this.#ending.signal.aborted) await this.#beat()
    }
  }

  async #beat(): Promise<void> {
    const { clock, log } = this.#context
    try {
      await within(clock, this.#check.periodMs / 3, async (signal) => {
        const isReady = await within(clock, this.#check.periodMs / 6, this.#check.ready).catch(() => false)
        if (!(this.#isKnown && (await this.#renew(isReady, signal)))) await this.#register(isReady, signal)
      })
      if (this.#isFailing) log?.info('registered with Consul again')
      this.#isFailing = false
    } catch (error) {
      this.#isKnown = false
      if (!this.#isFailing) log?.warn({ err: error }, 'cannot register with Consul: retrying in the background')
      this.#isFailing = true
    }
  }

  async #register(isReady: boolean, signal: AbortSignal): Promise<void> {
    const { kind, periodMs } = this.#check
    const { definition, url } = await this.#describe()
    // The agent has neither the certificate authority nor the server name, and this check carries no secret.
    const test =
      kind === 'ttl'
        ? { TTL: `${periodMs}ms` }
        : { HTTP: url, TLSSkipVerify: true, Interval: `${periodMs}ms`, Timeout: `${Math.round(periodMs / 3)}ms` }
    const Check = {
      ...test,
      CheckID: `service:${this.#id}`,
      Name: kind === 'ttl' ? 'readiness, reported by the service' : 'GET /health/ready',
      Status: statusOf(isReady),
      DeregisterCriticalServiceAfter: removedAfter,
    }
    const path = '/v1/agent/service/register?replace-existing-checks=true'
    await this.#context.agent.put(path, { ...definition, Check }, signal)
    this.#isKnown = true
  }

  /** Renews the registration; false when the agent does not know it or does not respond. */
  async #renew(isReady: boolean, signal: AbortSignal): Promise<boolean> {
    const { agent } = this.#context
    const id = encodeURIComponent(this.#id)
    if (this.#check.kind === 'http') return agent.has(`/v1/agent/service/${id}`, signal)
    return agent.put(`/v1/agent/check/update/service:${id}`, { Status: statusOf(isReady) }, signal).then(
      () => true,
      () => false, // a missing check is a 500 to some versions and a 404 to others
    )
  }
}

function statusOf(isReady: boolean): 'passing' | 'critical' {
  return isReady ? 'passing' : 'critical'
}

/** Consul's minimum: it removes an instance that crashed, while one that only lost contact is registered again. */
const removedAfter = '60s'
/** How long deregistering may take, in milliseconds: a shutdown does not wait for a registry that hangs. */
const endMs = 2000
