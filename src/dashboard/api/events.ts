import { listEvents, replay } from '../../events/admin.ts'
import { valueOf } from '../ingest/limits.ts'
import type { EventRow } from '../model/work.ts'
import { BodyError, readJson } from '../server/body.ts'
import { rowsOf } from '../server/databases.ts'
import { sendError, sendJson } from '../server/respond.ts'
import type { Route } from '../server/router.ts'
import { traceIdOf } from './jobs.ts'
import type { WorkSources } from './work.ts'

/** Events that a list shows of each service. */
const mostEvents = 200
const longestPayload = 65_536

/** Lists events and has subscriptions begin anew, as `tricube events` does. */
export function eventRoutes({ services, databases }: WorkSources): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/events',
      for: 'page',
      async handle({ response, query }) {
        const [service, name, key] = ['service', 'name', 'key'].map((each) => query.get(each) || undefined)
        const lists = services().map(async ({ state, databaseUrl }): Promise<EventRow[]> => {
          if (databaseUrl === undefined || (service !== undefined && state.name !== service)) return []
          const events = listEvents(databases.of(databaseUrl), { name, key, limit: mostEvents })
          const rows = await rowsOf(events).catch(() => [])
          return rows.map(({ trace, payload, ...event }) => ({
            service: state.name,
            ...event,
            payload: valueOf(payload, longestPayload),
            ...traceIdOf(trace),
          }))
        })
        const events = (await Promise.all(lists)).flat()
        sendJson(
          response,
          events.toSorted((a, b) => (a.publishedAt < b.publishedAt ? 1 : -1)),
        )
      },
    },
    {
      method: 'POST',
      path: '/api/subscriptions/:service/:name/replay',
      for: 'page',
      async handle({ request, response, params: { service, name = '' } }) {
        const from = startOf(await readJson(request))
        const url = services().find(({ state }) => state.name === service)?.databaseUrl
        if (url === undefined) return sendError(response, 404, `${service} has no database`)
        if (await replay(databases.of(url), name, from)) return sendJson(response, { name })
        sendError(response, 404, `${service} has no subscription ${name}`)
      },
    },
  ]
}

/** @throws {BodyError} when the body names no start */
function startOf(body: unknown): 'now' | 'beginning' | Date {
  const { from } = (body ?? {}) as { readonly from?: unknown }
  if (from === 'now' || from === 'beginning') return from
  const time = new Date(typeof from === 'string' ? from : '')
  if (Number.isNaN(time.getTime())) throw new BodyError(400, 'from: expected beginning, now or a time')
  return time
}
