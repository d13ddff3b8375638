import type { Instance } from '../../../discovery/registry.ts'
import type { Quota } from '../../../resilience/gcra.ts'
import type { Opened, Part } from '../../part.ts'
import { discoverySettings } from '../discovery/discoveryConfig.ts'
import { logSettings } from '../logging/logConfig.ts'
import type { RateLimitStore } from '../rateLimits/store.ts'
import { workerOf, type Facts, type FromPrimary, type FromWorker, type SharedConfig } from './messages.ts'

/** Returns a fact about this process. */
type Find<About extends keyof Facts> = () => Facts[About] | Promise<Facts[About]>

/** The processes that share a service's port, seen from one of them. */
export interface Group extends Opened {
  /** The number of processes. */
  readonly size: number
  /** The number of this process, from 1; undefined without `--workers`. */
  readonly number: number | undefined
  /** Registers a function that finds a fact about this process; returns a function that finds it for all of them. */
  share<About extends keyof Facts>(about: About, find: Find<About>): () => Promise<Facts[About]>
  /** Registers the service once for all processes, through the primary; undefined without `--workers`. */
  readonly register: ((instance: Instance, config: SharedConfig) => void) | undefined
  /** Counts the requests of all processes for rate limits; undefined without `--workers`. */
  readonly rateLimits: RateLimitStore | undefined
  /** Sends the final metrics to the primary after the server has closed. Afterwards the process may exit. */
  close(): Promise<void>
}

/** The processes of `tricube start --workers`, or this process alone. */
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

/** Sends queries to the primary, which queries all workers. */
class Workers implements Group {
  readonly size: number
  readonly number: number
  readonly rateLimits: RateLimitStore = { take: (key, quota) => this.#take(key, quota) }
  readonly #finds = new Map<keyof Facts, Find<keyof Facts>>()
  readonly #pending = new Map<number, (reply: never) => void>()
  #nextId = 0

  constructor(size: number, number: number) {
    this.size = size
    this.number = number
    process.on('message', (message: FromPrimary) => void this.#onMessage(message))
  }

  share<About extends keyof Facts>(about: About, find: Find<About>): () => Promise<Facts[About]> {
    this.#finds.set(about, find)
    return () => this.#request((id) => ({ tricube: 'query', id, about }))
  }

  register(instance: Instance, config: SharedConfig): void {
    void send({ tricube: 'register', registration: { instance, config: sharedOf(config) } })
  }

  /**
   * Waits for the primary's reply. Before it knows that the server is closed, the primary may still send connections.
   * Their
   * messages arrive before the reply, and Node sends them back. A connection that is unread at the exit would stay
   * open.
   */
  async close(): Promise<void> {
    const metrics = (await this.#finds.get('metrics')!()) as Facts['metrics']
    await this.#request<null>((id) => ({ tricube: 'ended', id, metrics }))
  }

  #take(key: string, quota: Quota): Promise<number> {
    return this.#request((id) => ({ tricube: 'take', id, key, quota }))
  }

  #request<Fact>(messageOf: (id: number) => FromWorker): Promise<Fact> {
    const id = this.#nextId++
    return new Promise((resolve) => {
      this.#pending.set(id, resolve)
      void send(messageOf(id))
    })
  }

  async #onMessage(message: FromPrimary): Promise<void> {
    if (message.tricube === 'query') {
      const { id, about } = message
      void send({ tricube: 'reply', id, fact: await this.#finds.get(about)!() })
    } else if (message.tricube === 'reply') {
      this.#pending.get(message.id)?.(message.reply as never)
      this.#pending.delete(message.id)
    }
  }
}

/** Resolves when the message has been sent, or the primary has exited: this process ends with it. */
function send(message: FromWorker): Promise<void> {
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
