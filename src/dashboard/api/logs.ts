import { levels, type Level } from '../model/logLine.ts'
import type { LogQuery } from '../model/logQuery.ts'
import type { Route } from '../server/router.ts'
import { sendJson } from '../server/respond.ts'
import type { Store } from '../store/store.ts'
import { numberOf } from './traces.ts'

/** The list of log lines. */
export function logRoutes(store: Store): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/logs',
      for: 'page',
      handle({ response, query }) {
        const page = store.logs.page(logQueryOf(query), { before: numberOf(query, 'before', Infinity) })
        sendJson(response, { ...page, seq: store.logs.seq })
      },
    },
  ]
}

/** The search of a request for log lines. */
export function logQueryOf(query: URLSearchParams): LogQuery {
  const { service, level, trace, span, q } = Object.fromEntries(query)
  return {
    ...(service && { service }),
    ...(isLevel(level) && { level }),
    ...(trace && { traceId: trace }),
    ...(span && { spanId: span }),
    ...(q && { text: q }),
  }
}

function isLevel(level: string | undefined): level is Level {
  return level !== undefined && Object.hasOwn(levels, level)
}
