import { exportedIn } from '../ingest/file.ts'
import { otlpOf } from '../model/exportOtlp.ts'
import { readBody } from '../server/body.ts'
import { send, sendError, sendJson } from '../server/respond.ts'
import type { Route } from '../server/router.ts'
import type { Store } from '../store/store.ts'

/** Bytes of a file. */
const mostBytes = 64 * 1024 * 1024

/** Saves traces as files, and opens such files. */
export function traceFileRoutes(store: Store): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/traces/:id/file',
      for: 'page',
      handle({ response, params: { id = '' } }) {
        const spans = store.traces.spans(id)
        if (!spans) return sendError(response, 404, 'this trace is not here')
        send(response, 200, 'application/json', JSON.stringify(otlpOf(spans), undefined, 1), {
          'content-disposition': `attachment; filename="trace-${id.replaceAll(/[^\da-f]/g, '')}.json"`,
        })
      },
    },
    {
      method: 'POST',
      path: '/api/traces/open',
      for: 'page',
      async handle({ request, response }) {
        const { spans, lines } = exportedIn((await readBody(request, mostBytes)).toString(), Date.now())
        if (spans.length === 0)
          return sendError(response, 400, 'the file has no spans: expected OTLP or Zipkin in JSON')
        store.addSpans(spans)
        for (const line of lines) store.addLine(line)
        sendJson(response, { spans: spans.length, traces: [...new Set(spans.map(({ traceId }) => traceId))] })
      },
    },
  ]
}
