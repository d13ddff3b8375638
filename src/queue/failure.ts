/** What is stored of an error. */
export interface Failure {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly traceId?: string
}

/** Longest stack that is stored: what is beyond is of no use to anybody. */
const longestStack = 8192
const longestMessage = 2048

/** What was thrown, as JSON, with the trace of the request that enqueued the job. */
export function failureText(thrown: unknown, trace: string | null): string {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const failure: Failure = {
    name: error.name,
    message: error.message.slice(0, longestMessage),
    ...(error.stack !== undefined && { stack: error.stack.slice(0, longestStack) }),
    ...(trace !== null && { traceId: trace.split('-')[1]! }),
  }
  return JSON.stringify(failure).replaceAll('\\u0000', '')
}
