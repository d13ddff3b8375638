import type { Instance } from '../../discovery/registry.ts'
import type { Quota } from '../../resilience/gcra.ts'
import { discoveryDefaults } from '../discoveryConfig.ts'
import { logDefaults } from '../logConfig.ts'
import type { RateLimitStore } from '../rateLimits/store.ts'
import { workerVariables, type Facts, type FromPrimary, type FromWorker, type SharedConfig } from './messages.ts'

/** What a process can say of itself. */
export type Own = { readonly [Name in keyof Facts]: () => Facts[Name] | Promise<Facts[Name]> }

/** The processes that share a service's port, as one of them sees them: what is said of one holds for all. */
export interface Group {
  /** How many there are. */
  readonly size: number
  /** Which of them this one is, from 1; undefined when it is alone. */
  readonly number: number | undefined
  readiness(): Promise<Facts['readiness']>
  metrics(): Promise<Facts['metrics']>
  /** Has the primary register the service, which does so once for all; undefined for a process that is alone. */
  readonly register: ((instance: Instance, config: SharedConfig) => void) | undefined
  /** Counts the requests of all of them; undefined for a process that is alone. */
  readonly rateLimits: RateLimitStore | undefined
  /** Hands over what has been counted, once the server is closed; then this process may end. */
  close(): Promise<void>
}

/** The group that this process belongs to: that of `tricube start --workers`, else itself. */
export function openGroup(own: Own, env: NodeJS.ProcessEnv = process.env): Group {
  const size = Number(env[workerVariables.count])
  return size > 0 && process.send ? new Workers(size, Number(env[workerVariables.number]), own) : alone(own)
}

function alone(own: Own): Group {
  return {
    size: 1,
    number: undefined,
    readiness: async () => own.readiness(),
    metrics: async () => own.metrics(),
    register: undefined,
    rateLimits: undefined,
    close: () => Promise.resolve(),
  }
}

/** A worker asks its primary, which asks all of them. */
class Workers implements Group {
  readonly size: number
  readonly number: number
  readonly rateLimits: RateLimitStore = { take: (key, quota) => this.#take(key, quota) }
  readonly #own: Own
  readonly #asked = new Map<number, (answer: never) => void>()
  #asks = 0

  constructor(size: number, number: number, own: Own) {
    this.size = size
    this.number = number
    this.#own = own
    process.on('message', (message: FromPrimary) => void this.#onMessage(message))
  }

  readiness(): Promise<Facts['readiness']> {
    return this.#ask('readiness')
  }

  metrics(): Promise<Facts['metrics']> {
    return this.#ask('metrics')
  }

  register(instance: Instance, config: SharedConfig): void {
    void tell({ tricube: 'register', registration: { instance, config: sharedOf(config) } })
  }

  /**
   * The primary may have handed over connections before it heard that the server is closed. Their messages come before its
   * answer, and have sent them back to it by then. It would keep open for good what a process has not read when it exits.
   */
  async close(): Promise<void> {
    const metrics = await this.#own.metrics()
    await this.#answerTo<null>((id) => ({ tricube: 'ended', id, metrics }))
  }

  #ask<About extends keyof Facts>(about: About): Promise<Facts[About]> {
    return this.#answerTo((id) => ({ tricube: 'ask', id, about }))
  }

  #take(key: string, quota: Quota): Promise<number> {
    return this.#answerTo((id) => ({ tricube: 'take', id, key, quota }))
  }

  #answerTo<Fact>(question: (id: number) => FromWorker): Promise<Fact> {
    const id = this.#asks++
    return new Promise((resolve) => {
      this.#asked.set(id, resolve)
      void tell(question(id))
    })
  }

  async #onMessage(message: FromPrimary): Promise<void> {
    if (message.tricube === 'tell') {
      const { id, about } = message
      void tell({ tricube: 'told', id, fact: await this.#own[about]() })
    } else if (message.tricube === 'answer') {
      this.#asked.get(message.id)?.(message.answer as never)
      this.#asked.delete(message.id)
    }
  }
}

/** Resolves when it has been sent; a primary that is gone is none of the sender's business: this process ends with it. */
function tell(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send!(message, undefined, undefined, () => resolve())
    else resolve()
  })
}

const sharedNames = [...Object.keys(discoveryDefaults), ...Object.keys(logDefaults), 'logLevel']

function sharedOf(config: SharedConfig): SharedConfig {
  const named = Object.entries(config).filter(([name]) => sharedNames.includes(name))
  return Object.fromEntries(named) as unknown as SharedConfig
}
