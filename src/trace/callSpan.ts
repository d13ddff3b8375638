import { spanTemplate, type SpanTemplate } from './spanTemplate.ts'
import type { SpanRecord } from './spanRecord.ts'

/**
 * Returns the template of the spans of an operation's calls.
 *
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client
 */
export function callTemplate(service: string, operation: string, method: string, route: string): SpanTemplate {
  return spanTemplate(`${service}.${operation}`, {
    kind: 'client',
    attributes: { 'http.request.method': method, 'url.template': route },
    slots: ['http.response.status_code', 'server.address', 'server.port'],
    peer: service,
  })
}

/** Ends a call's span after its response or its failure. */
export async function withCallSpan<CallResult extends { readonly status: number }>(
  span: SpanRecord,
  response: Promise<CallResult>,
): Promise<CallResult> {
  try {
    const { status } = await response
    span.value0 = status
    if (status >= 400) span.fail(String(status))
  } catch (error) {
    span.fail((error as Error | undefined)?.cause ?? error)
  }
  span.end()
  return response
}
