import { parseTraceQuery, type TraceQuery } from '../model/traceQuery.ts'
import type { Route } from '../server/router.ts'
import { sendError, sendJson } from '../server/respond.ts'
import type { Store } from '../store/store.ts'

/** The list of traces, and one trace with its log lines. */
export function traceRoutes(store: Store): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/traces',
      for: 'page',
      handle({ response, query }) {
        const page = store.traces.page(traceQueryOf(query), { before: numberOf(query, 'before', Infinity) })
        sendJson(response, { ...page, version: store.traces.version })
      },
    },
    {
      method: 'GET',
      path: '/api/traces/:id',
      for: 'page',
      handle({ response, params }) {
        const id = params['id']!
        const spans = store.traces.spans(id)
        if (!spans)
          return sendError(response, 404, 'It is too old, it was not recorded, or its spans have not come yet.')
        const logs = store.logs.page({ traceId: id }, { limit: mostLines }).lines
        sendJson(response, { spans, logs, version: store.traces.version })
      },
    },
  ]
}

const mostLines = 2000

/** The search of a request for traces. */
export function traceQueryOf(query: URLSearchParams): TraceQuery {
  return parseTraceQuery(query.get('q') ?? '', { showsProbes: query.get('probes') === 'true' })
}

/** A number of the query; `fallback` if it is missing or none. */
export function numberOf(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name)
  const value = Number(text)
  return text === null || text === '' || !Number.isFinite(value) ? fallback : value
}
