import { spanShape, type SpanShape } from './shape.ts'
import type { SpanRecord } from './spanRecord.ts'

/** How a request came, to whoever the service trusts to say so. */
export type Scheme = 'http' | 'https'

/**
 * What the spans of an operation's requests have in common.
 *
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
 */
export function requestShape(operation: string, method: string, route: string, scheme: Scheme): SpanShape {
  return spanShape(operation, {
    kind: 'server',
    attributes: { 'http.request.method': method, 'http.route': route, 'url.scheme': scheme },
    slots: ['url.path', 'http.response.status_code'],
  })
}

/** What is told of a request when it is over. */
export interface RequestEnd {
  /** The path as it may be shown: without the query. */
  readonly path: string
  readonly method: string
  readonly status: number
  readonly durationMs: number
}

/** Ends the span of a request. A server is not at fault for what a caller did wrong: 4xx is no error. */
export function endRequestSpan(span: SpanRecord, { path, method, status, durationMs }: RequestEnd): void {
  if (status >= 500 && span.errorType === undefined) span.fail(String(status))
  if (span.isRecorded) {
    span.value0 = path
    span.value1 = status
    if (method === 'HEAD') span.set('http.request.method', method)
  }
  span.end(span.startedAt + durationMs)
}
