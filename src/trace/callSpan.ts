import { spanShape, type SpanShape } from './shape.ts'
import type { SpanRecord } from './spanRecord.ts'

/**
 * What the spans of the calls to an operation have in common.
 *
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client
 */
export function callShape(service: string, operation: string, method: string, route: string): SpanShape {
  return spanShape(`${service}.${operation}`, {
    kind: 'client',
    attributes: { 'http.request.method': method, 'url.template': route },
    slots: ['http.response.status_code', 'server.address', 'server.port'],
    peer: service,
  })
}

/** Ends a call's span when its answer has been read, or none came. */
export async function withCallSpan<Answer extends { readonly status: number }>(
  span: SpanRecord,
  answer: Promise<Answer>,
): Promise<Answer> {
  try {
    const { status } = await answer
    span.value0 = status
    if (status >= 400) span.fail(String(status))
  } catch (error) {
    span.fail((error as Error | undefined)?.cause ?? error)
  }
  span.end()
  return answer
}
