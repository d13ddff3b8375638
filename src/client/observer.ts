import type { Span } from '../trace/span.ts'

/** Observes calls to other services, for metrics. */
export interface CallObserver {
  /** Compiles the function that is called at the end of each call of an operation. */
  ends(service: string, operation: string, method: string): CallEnd
}

/** Records the end of a call: its status, or undefined and the reason why there was no response. */
export type CallEnd = (status: number | undefined, durationMs: number, span: Span | undefined, error?: unknown) => void

/** Calls `onEnd` when a call ends, and resolves to its response. */
export async function observed<CallResult extends { readonly status: number }>(
  response: Promise<CallResult>,
  onEnd: CallEnd,
  span: Span | undefined,
): Promise<CallResult> {
  const startedAt = performance.now()
  try {
    const { status } = await response
    onEnd(status, performance.now() - startedAt, span)
  } catch (error) {
    onEnd(undefined, performance.now() - startedAt, span, error)
  }
  return response
}
