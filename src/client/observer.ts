import type { Span } from '../trace/span.ts'
import type { Answer } from './call/call.ts'

/** Is told of the calls to other services. */
export interface CallObserver {
  /** Compiles what is told the end of each call of an operation. */
  ends(service: string, operation: string, method: string): CallEnd
}

/** A call has ended: with this status, or without an answer, for this reason. */
export type CallEnd = (status: number | undefined, durationMs: number, span: Span | undefined, error?: unknown) => void

/** Tells the end of a call. */
export async function observed(answer: Promise<Answer>, onEnd: CallEnd, span: Span | undefined): Promise<Answer> {
  const startedAt = performance.now()
  try {
    const { status } = await answer
    onEnd(status, performance.now() - startedAt, span)
  } catch (error) {
    onEnd(undefined, performance.now() - startedAt, span, error)
  }
  return answer
}
