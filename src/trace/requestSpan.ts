import { spanTemplate, type SpanTemplate } from './spanTemplate.ts'
import type { SpanRecord } from './spanRecord.ts'

/** The scheme of a request; only a trusted proxy may set it. */
export type Scheme = 'http' | 'https'

/**
 * Returns the template of the spans of an operation's requests.
 *
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
 */
export function requestTemplate(operation: string, method: string, route: string, scheme: Scheme): SpanTemplate {
  return spanTemplate(operation, {
    kind: 'server',
    attributes: { 'http.request.method': method, 'http.route': route, 'url.scheme': scheme },
    slots: ['url.path', 'http.response.status_code'],
  })
}

/** The attributes of a request that are known at its end. */
export interface RequestEnd {
  /** The path without the query. */
  readonly path: string
  readonly method: string
  readonly status: number
  readonly durationMs: number
}

/** Ends the span of a request. A 4xx is no error of the server, because the caller is at fault. */
export function endRequestSpan(span: SpanRecord, { path, method, status, durationMs }: RequestEnd): void {
  if (status >= 500 && span.errorType === undefined) span.fail(String(status))
  if (span.isRecorded) {
    span.value0 = path
    span.value1 = status
    if (method === 'HEAD') span.set('http.request.method', method)
  }
  span.end(span.startedAt + durationMs)
}
