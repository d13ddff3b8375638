import { lagOf, listSubscriptions } from '../../events/admin.ts'
import { runsOf } from '../../jobs/schedule.ts'
import { countJobs, listSchedules, type ListedSchedule } from '../../queue/admin.ts'
import type { Database } from '../../sql/index.ts'
import type { ManagedService } from '../dashboardOptions.ts'
import type { DeclaredSubscription } from '../model/declaredWork.ts'
import type { ScheduleRow, ServiceWork, SubscriptionRow } from '../model/work.ts'
import { rowsOf, type Databases } from '../server/databases.ts'
import { sendJson } from '../server/respond.ts'
import type { Route } from '../server/router.ts'

/** What routes about jobs and events need. */
export interface WorkSources {
  readonly services: () => readonly ManagedService[]
  readonly databases: Databases
}

/** An overview of the work of all services that have a database. */
export function workRoute({ services, databases }: WorkSources): Route {
  return {
    method: 'GET',
    path: '/api/work',
    for: 'page',
    async handle({ response }) {
      const stores = new Map(
        services().flatMap(({ state, databaseUrl }) =>
          databaseUrl === undefined ? [] : [[state.name, databases.of(databaseUrl)] as const],
        ),
      )
      const works = services().flatMap(({ state: { name }, work }) => {
        const db = stores.get(name)
        return db ? [workOf(name, db, work?.subscriptions ?? [], stores)] : []
      })
      sendJson(response, await Promise.all(works))
    },
  }
}

async function workOf(
  service: string,
  db: Database,
  declared: readonly DeclaredSubscription[],
  stores: ReadonlyMap<string, Database>,
): Promise<ServiceWork> {
  try {
    const [queues, listed, schedules] = await Promise.all([
      rowsOf(countJobs(db)),
      rowsOf(listSubscriptions(db)),
      rowsOf(listSchedules(db)),
    ])
    const subscriptions = listed.map(async (subscription): Promise<SubscriptionRow> => {
      const known = declared.find(({ name }) => name === subscription.name)
      const publisher = known && stores.get(known.publisher)
      // A publisher of which nothing is known here, such as one behind NATS.
      const lag = publisher && (await lagOf(publisher, subscription.position, known.event).catch(() => undefined))
      return { ...subscription, ...known, ...(lag && { lag }) }
    })
    return { service, queues, subscriptions: await Promise.all(subscriptions), schedules: schedules.map(scheduleRow) }
  } catch (error) {
    return { service, problem: (error as Error).message, queues: [], subscriptions: [], schedules: [] }
  }
}

const shownRuns = 5

function scheduleRow({ name, pattern, dueAt }: ListedSchedule): ScheduleRow {
  if (dueAt === null) return { name, pattern, next: [] }
  const later = runsOf(pattern, new Date(dueAt), shownRuns - 1).map((run) => run.getTime())
  return { name, pattern, next: [dueAt, ...later] }
}
