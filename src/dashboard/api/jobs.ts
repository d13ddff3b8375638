import {
  cancelAllWaiting,
  cancelJob,
  listJobs,
  retryAllDead,
  retryJob,
  type JobFilter,
  type ListedJob,
} from '../../queue/admin.ts'
import type { Failure } from '../../queue/failure.ts'
import type { Database } from '../../sql/index.ts'
import { valueOf } from '../ingest/limits.ts'
import { jobStates, type JobRow, type JobState } from '../model/work.ts'
import { rowsOf } from '../server/databases.ts'
import { sendError, sendJson } from '../server/respond.ts'
import type { Route, RouteRequest } from '../server/router.ts'
import { numberOf } from './traces.ts'
import type { WorkSources } from './work.ts'

/** Jobs that a list shows of each service. */
const mostJobs = 200

/** Lists, retries and cancels jobs, as `tricube jobs` does. */
export function jobRoutes({ services, databases }: WorkSources): Route[] {
  const databaseOf = (name: string | undefined): Database | undefined => {
    const url = services().find(({ state }) => state.name === name)?.databaseUrl
    return url === undefined ? undefined : databases.of(url)
  }
  /** A change of the service in the path, on its database. */
  const change = (
    path: string,
    run: (db: Database, params: RouteRequest['params'], action: 'retry' | 'cancel') => Promise<unknown>,
  ): Route => ({
    method: 'POST',
    path,
    for: 'page',
    async handle({ response, params }) {
      const { service, action } = params
      const db = databaseOf(service)
      if (!db) return sendError(response, 404, `${service} has no database`)
      if (action !== 'retry' && action !== 'cancel') return sendError(response, 404, 'an action is retry or cancel')
      const changed = await run(db, params, action)
      if (changed === undefined) return sendError(response, 404, 'there is no such job: it is done, or was cancelled')
      sendJson(response, changed)
    },
  })
  return [
    {
      method: 'GET',
      path: '/api/jobs',
      for: 'page',
      async handle({ response, query }) {
        const wanted = query.get('service')
        const chosen = services().filter(({ state: { name } }) => !wanted || name === wanted)
        const lists = chosen.map(async ({ state: { name } }) => {
          const db = databaseOf(name)
          const jobs = db ? await rowsOf(listJobs(db, filterOf(query))).catch(() => []) : []
          return jobs.map((job) => jobRow(name, job))
        })
        sendJson(response, (await Promise.all(lists)).flat())
      },
    },
    change('/api/jobs/:service/:id/:action', async (db, { id: text }, action) => {
      const id = Number(text)
      if (!Number.isSafeInteger(id) || id < 1) return undefined
      if (action === 'cancel') return (await cancelJob(db, id)) ? { id } : undefined
      const again = await retryJob(db, id)
      return again === undefined ? undefined : { id: again }
    }),
    change('/api/queues/:service/:name/:action', async (db, { name = '' }, action) => ({
      count: await (action === 'retry' ? retryAllDead(db, name) : cancelAllWaiting(db, name)),
    })),
  ]
}

function filterOf(query: URLSearchParams): JobFilter {
  const [state, name, id] = [query.get('state'), query.get('name'), numberOf(query, 'id', 0)]
  return {
    limit: mostJobs,
    ...(isState(state) && { state }),
    ...(name && { name }),
    ...(Number.isSafeInteger(id) && id > 0 && { id }),
  }
}

function isState(state: string | null): state is JobState {
  return jobStates.some((each) => each === state)
}

const longestInput = 65_536

function jobRow(service: string, { error, trace, input, ...job }: ListedJob): JobRow {
  return {
    service,
    ...job,
    input: valueOf(input, longestInput),
    ...traceIdOf(trace),
    ...(error !== null && { error: errorOf(error) }),
  }
}

function errorOf(text: string): NonNullable<JobRow['error']> {
  const { name, message, stack } = JSON.parse(text) as Failure
  return {
    name,
    message: valueOf(message),
    ...(stack !== undefined && { stack: valueOf(stack, longestInput) }),
  }
}

/** The trace of a W3C `traceparent`. */
export function traceIdOf(trace: string | null): { readonly traceId?: string } {
  const traceId = trace?.split('-')[1]
  return traceId === undefined ? {} : { traceId }
}
