import type { Contract } from '../contract/contract.ts'
import type { FeedEvent } from '../events/cursors.ts'
import { eventId } from '../events/feed.ts'
import type { Database } from '../sql/index.ts'
import type { JobRun } from './runJobs.ts'
import type { StartedTest } from './startTest.ts'

/** One attempt of a job of one of several services. */
export interface SystemJobRun extends JobRun {
  /** The name of the service in the system. */
  readonly service: string
}

/** The maximum number of times that events cause other events, so that a circle of events fails the test. */
const maxRounds = 30

/** Carries events between the services of a test. */
export class EventsBetween {
  readonly #services: ReadonlyMap<string, StartedTest<Contract, unknown>>
  readonly #delivered = new Set<string>()

  /** `services` may grow. */
  constructor(services: ReadonlyMap<string, StartedTest<Contract, unknown>>) {
    this.#services = services
  }

  /** Gives each subscription the new events of the other services and runs all jobs that are due, until nothing is left. */
  async deliver(): Promise<readonly SystemJobRun[]> {
    const runs: SystemJobRun[] = []
    for (let round = 0; round < maxRounds; round++) {
      const ran = await this.#round()
      if (!ran) return runs
      runs.push(...ran)
    }
    throw new Error(`deliverEvents: after ${maxRounds} rounds, events still cause other events`)
  }

  /** Returns what ran; undefined when nothing did and there were no new events. */
  async #round(): Promise<readonly SystemJobRun[] | undefined> {
    let hasNew = false
    for (const { service, stores } of this.#services.values()) {
      for (const [store, db] of stores) {
        for (const event of await newEvents(service, store, db, this.#delivered)) {
          hasNew = true
          this.#delivered.add(event.id)
          for (const other of this.#services.values()) await other.receive(service, event)
        }
      }
    }
    const runs: SystemJobRun[] = []
    for (const [name, { app, hasJobs }] of this.#services) {
      if (hasJobs) runs.push(...(await app.runJobs()).map((run) => ({ service: name, ...run })))
    }
    return hasNew || runs.length > 0 ? runs : undefined
  }
}

/** Returns the events of a database that have not been delivered, in order. */
async function newEvents(
  service: string,
  store: string,
  db: Database,
  delivered: ReadonlySet<string>,
): Promise<readonly FeedEvent[]> {
  if (!(await db.primary.value<boolean>`SELECT to_regclass('tricube.events') IS NOT NULL`)) return []
  const rows = await db.primary.many<Omit<FeedEvent, 'id'> & { readonly id: number }>`
    SELECT id, name, key, payload, trace, extract(epoch FROM published_at)::float8 * 1000 AS "publishedAt"
    FROM tricube.events ORDER BY id`
  return rows.map((row) => ({ ...row, id: eventId(service, store, row) })).filter(({ id }) => !delivered.has(id))
}
