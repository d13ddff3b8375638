import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { LateLog } from '../log/late.ts'
import type { Logger } from '../log/logger.ts'
import type { Span } from '../trace/span.ts'

/** What each line inside of a request says of it; `inner`: the span that the line is written under. */
export function fieldsOf(
  { id, routeOptions, span }: FastifyRequest,
  inner: Span | undefined = span,
): Record<string, string | undefined> {
  const { operation } = routeOptions.config
  return { request_id: id, operation, trace_id: span?.traceId, span_id: span && inner?.id }
}

type Line = Parameters<FastifyBaseLogger['info']>

/** A request's log as Fastify's plugins use it: the child behind it is made with the first line. */
export class RequestLog implements FastifyBaseLogger {
  readonly #log: LateLog
  readonly #request: FastifyRequest
  #child: Logger | undefined

  constructor(log: LateLog, request: FastifyRequest) {
    this.#log = log
    this.#request = request
  }

  get level(): string {
    return this.#log.level
  }

  set level(level: string) {
    this.#own.level = level
  }

  trace(...line: unknown[]): void {
    this.#own.trace(...(line as Line))
  }

  debug(...line: unknown[]): void {
    this.#own.debug(...(line as Line))
  }

  info(...line: unknown[]): void {
    this.#own.info(...(line as Line))
  }

  warn(...line: unknown[]): void {
    this.#own.warn(...(line as Line))
  }

  error(...line: unknown[]): void {
    this.#own.error(...(line as Line))
  }

  fatal(...line: unknown[]): void {
    this.#own.fatal(...(line as Line))
  }

  silent(): void {}

  child(...options: Parameters<Logger['child']>): FastifyBaseLogger {
    return this.#own.child(...options)
  }

  get #own(): Logger {
    return (this.#child ??= this.#log.child(fieldsOf(this.#request)))
  }
}
