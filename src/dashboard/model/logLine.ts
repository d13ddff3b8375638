/** The levels of log lines, by pino's numbers. */
export const levels = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const
export type Level = keyof typeof levels

/** A log line as the dashboard stores and shows it. */
export interface LogLine {
  /** Orders lines by arrival; the cursor of a list. */
  readonly seq: number
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly level: Level
  readonly service: string
  readonly message: string
  readonly traceId?: string
  readonly spanId?: string
  /** The line as it was written: JSON, or any text. */
  readonly raw: string
}
