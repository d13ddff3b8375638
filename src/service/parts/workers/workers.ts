import type { Instance } from '../../../discovery/registry.ts'
import type { Quota } from '../../../resilience/gcra.ts'
import type { Opened, Part } from '../../part.ts'
import { discoverySettings } from '../discovery/discoveryConfig.ts'
import { logSettings } from '../logging/logConfig.ts'
import type { RateLimitStore } from '../rateLimits/store.ts'
import { workerOf, type Facts, type FromPrimary, type FromWorker, type SharedConfig } from './messages.ts'

/** How this process finds out a fact about itself. */
type Find<About extends keyof Facts> = () => Facts[About] | Promise<Facts[About]>

/** The processes that share a service's port, as one of them sees them: what is said of one holds for all. */
export interface Group extends Opened {
  /** How many there are. */
  readonly size: number
  /** Which of them this one is, from 1; undefined when it is alone. */
  readonly number: number | undefined
  /** Sets how this process finds out a fact; returns how to find it out about all of them. */
  share<About extends keyof Facts>(about: About, find: Find<About>): () => Promise<Facts[About]>
  /** Has the primary register the service, which does so once for all; undefined for a process that is alone. */
  readonly register: ((instance: Instance, config: SharedConfig) => void) | undefined
  /** Counts the requests of all of them; undefined for a process that is alone. */
  readonly rateLimits: RateLimitStore | undefined
  /** Hands over what has been counted, once the server is closed; then this process may end. */
  close(): Promise<void>
}

/** The processes of `tricube start --workers`, or this one alone. */
export const workers: Part<{}, {}, Group> = {
  name: 'workers',
  open() {
    const worker = workerOf(process.env)
    return worker ? new Workers(worker.size, worker.number) : alone
  },
}

const alone: Group = {
  size: 1,
  number: undefined,
  share: (_about, find) => async () => find(),
  register: undefined,
  rateLimits: undefined,
  close: () => Promise.resolve(),
}

/** A worker asks its primary, which asks all of them. */
class Workers implements Group {
  readonly size: number
  readonly number: number
  readonly rateLimits: RateLimitStore = { take: (key, quota) => this.#take(key, quota) }
  readonly #finds = new Map<keyof Facts, Find<keyof Facts>>()
  readonly #asked = new Map<number, (answer: never) => void>()
  #asks = 0

  constructor(size: number, number: number) {
    this.size = size
    this.number = number
    process.on('message', (message: FromPrimary) => void this.#onMessage(message))
  }

  share<About extends keyof Facts>(about: About, find: Find<About>): () => Promise<Facts[About]> {
    this.#finds.set(about, find)
    return () => this.#answerTo((id) => ({ tricube: 'ask', id, about }))
  }

  register(instance: Instance, config: SharedConfig): void {
    void tell({ tricube: 'register', registration: { instance, config: sharedOf(config) } })
  }

  /**
   * The primary may have handed over connections before it heard that the server is closed. Their messages come before its
   * answer, and have sent them back to it by then. It would keep open for good what a process has not read when it exits.
   */
  async close(): Promise<void> {
    const metrics = (await this.#finds.get('metrics')!()) as Facts['metrics']
    await this.#answerTo<null>((id) => ({ tricube: 'ended', id, metrics }))
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
      void tell({ tricube: 'told', id, fact: await this.#finds.get(about)!() })
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

const sharedNames = [...Object.keys(discoverySettings), ...Object.keys(logSettings)]

function sharedOf(config: SharedConfig): SharedConfig {
  const named = Object.entries(config).filter(([name]) => sharedNames.includes(name))
  return Object.fromEntries(named) as unknown as SharedConfig
}
