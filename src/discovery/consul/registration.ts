import { within } from '../../time/clock.ts'
import type { ServiceDefinition } from './entries.ts'
import type { Surroundings } from './follow.ts'

/** An instance as it is registered. */
export interface Described {
  readonly definition: ServiceDefinition
  /** Where the agent may ask it. */
  readonly url: string
}

/** Who finds out whether an instance is well. */
export interface HealthCheck {
  /** `ttl`: the instance says so itself, several times in `periodMs`; `http`: the agent asks it every `periodMs`. */
  readonly kind: 'ttl' | 'http'
  readonly periodMs: number
  readonly ready: () => Promise<boolean>
}

/**
 * Keeps an instance registered with an agent, until it is ended: an agent that forgot it, or that comes back, hears of
 * it again within one `periodMs`.
 */
export class Registration {
  readonly #id: string
  readonly #describe: () => Promise<Described>
  readonly #check: HealthCheck
  readonly #surroundings: Surroundings
  readonly #ending = new AbortController()
  #loop: Promise<void> | undefined
  #isKnown = false
  #isFailing = false

  constructor(id: string, describe: () => Promise<Described>, check: HealthCheck, surroundings: Surroundings) {
    this.#id = id
    this.#describe = describe
    this.#check = check
    this.#surroundings = surroundings
  }

  /** Resolves when the agent was told, or could not be, the first time. */
  async start(): Promise<void> {
    await this.#beat()
    this.#loop = this.#keepOn()
  }

  /** Takes the instance out again; an agent that does not answer finds out by itself. */
  async end(): Promise<void> {
    const { agent, clock, log } = this.#surroundings
    this.#ending.abort()
    try {
      await within(clock, endMs, async (signal) => {
        await this.#loop // a beat under way would bring it back
        await agent.put(`/v1/agent/service/deregister/${encodeURIComponent(this.#id)}`, undefined, signal)
      })
    } catch (error) {
      log?.warn({ err: error }, `not deregistered; Consul stops naming it within ${this.#check.periodMs} ms`)
    }
  }

  /** A third of the period to wait and a third at most to tell: whatever is forgotten is back within one period. */
  async #keepOn(): Promise<void> {
    const { clock, random } = this.#surroundings
    while (!this.#ending.signal.aborted) {
      await clock.wait((this.#check.periodMs / 3) * (1 - random() / 10), this.#ending.signal)
      if (!this.#ending.signal.aborted) await this.#beat()
    }
  }

  async #beat(): Promise<void> {
    const { clock, log } = this.#surroundings
    try {
      await within(clock, this.#check.periodMs / 3, async (signal) => {
        const isReady = await within(clock, this.#check.periodMs / 6, this.#check.ready).catch(() => false)
        if (!(this.#isKnown && (await this.#renew(isReady, signal)))) await this.#register(isReady, signal)
      })
      if (this.#isFailing) log?.info('registered with Consul again')
      this.#isFailing = false
    } catch (error) {
      this.#isKnown = false
      if (!this.#isFailing) log?.warn({ err: error }, 'cannot be registered with Consul; trying on')
      this.#isFailing = true
    }
  }

  async #register(isReady: boolean, signal: AbortSignal): Promise<void> {
    const { kind, periodMs } = this.#check
    const { definition, url } = await this.#describe()
    // The agent knows neither the authority nor the name; what it asks for and is told is no secret.
    const test =
      kind === 'ttl'
        ? { TTL: `${periodMs}ms` }
        : { HTTP: url, TLSSkipVerify: true, Interval: `${periodMs}ms`, Timeout: `${Math.round(periodMs / 3)}ms` }
    const Check = {
      ...test,
      CheckID: `service:${this.#id}`,
      Name: kind === 'ttl' ? 'ready, as it says itself' : 'GET /health/ready',
      Status: statusOf(isReady),
      DeregisterCriticalServiceAfter: removedAfter,
    }
    const path = '/v1/agent/service/register?replace-existing-checks=true'
    await this.#surroundings.agent.put(path, { ...definition, Check }, signal)
    this.#isKnown = true
  }

  /** Tells that it is still there; false when the agent does not know it, or says nothing. */
  async #renew(isReady: boolean, signal: AbortSignal): Promise<boolean> {
    const { agent } = this.#surroundings
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

/** The shortest that Consul knows: an instance that died without a word is forgotten, one that lives comes back. */
const removedAfter = '60s'
/** How long the end may take, in milliseconds: a service that stops does not wait for a registry that hangs. */
const endMs = 2000
