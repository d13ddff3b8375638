/** The `traceparent` of a request, or of a transaction in it, that somebody records. */
export function traceOf(request: object | undefined): string | null {
  const { span } = (request ?? {}) as { readonly span?: { readonly isRecorded: boolean; readonly traceParent: string } }
  return span?.isRecorded ? span.traceParent : null
}
