/** The stored form of an error. */
export interface Failure {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly traceId?: string
}

/** The maximum number of characters of a stack. */
const maxStackLength = 8192
const maxMessageLength = 2048

/** Returns an error as JSON, with the trace id of the request that enqueued the job. */
export function failureText(thrown: unknown, trace: string | null): string {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const failure: Failure = {
    name: error.name,
    message: error.message.slice(0, maxMessageLength),
    ...(error.stack !== undefined && { stack: error.stack.slice(0, maxStackLength) }),
    ...(trace !== null && { traceId: trace.split('-')[1]! }),
  }
  return JSON.stringify(failure).replaceAll('\\u0000', '')
}
