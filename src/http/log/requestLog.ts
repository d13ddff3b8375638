import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { LateLog } from '../../log/late.ts'
import type { Logger } from '../../log/logger.ts'
import { plain } from '../../log/plain.ts'
import type { Span } from '../../trace/span.ts'
import { loggedPath } from './loggedPath.ts'

/** Returns the fields of each line that is written inside a request. `inner` is the span that is current then. */
export function fieldsOf(
  { id, routeOptions, span }: FastifyRequest,
  inner: Span | undefined = span,
): Record<string, string | undefined> {
  const { operation } = routeOptions.config
  return { request_id: id, operation, trace_id: span?.traceId, span_id: span && inner?.id }
}

type Line = Parameters<FastifyBaseLogger['info']>

/** A request's log, as Fastify's plugins use it. Its child logger is created with the first line. */
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
    this.#own.trace(...this.#redacted(line))
  }

  debug(...line: unknown[]): void {
    this.#own.debug(...this.#redacted(line))
  }

  info(...line: unknown[]): void {
    this.#own.info(...this.#redacted(line))
  }

  warn(...line: unknown[]): void {
    this.#own.warn(...this.#redacted(line))
  }

  error(...line: unknown[]): void {
    this.#own.error(...this.#redacted(line))
  }

  fatal(...line: unknown[]): void {
    this.#own.fatal(...this.#redacted(line))
  }

  silent(): void {}

  child(...options: Parameters<Logger['child']>): FastifyBaseLogger {
    return this.#own.child(...options)
  }

  /** Masks the URL in Fastify's warnings: its parameters and query may be secrets. */
  #redacted(line: readonly unknown[]): Line {
    const { url, routeOptions } = this.#request
    const redacted = loggedPath(url, routeOptions.url)
    if (redacted === url) return line as Line
    const replace = (value: unknown): unknown => {
      if (typeof value === 'string') return value.replaceAll(url, redacted)
      if (!(value instanceof Error) || !value.message.includes(url)) return value
      const error = plain(value) as Record<string, unknown>
      return { ...error, message: replace(error['message']), stack: replace(error['stack']) }
    }
    const [first, ...rest] = line
    const hasError = typeof first === 'object' && first !== null && 'err' in first
    return [hasError ? { ...first, err: replace(first.err) } : replace(first), ...rest.map(replace)] as unknown as Line
  }

  get #own(): Logger {
    return (this.#child ??= this.#log.child(fieldsOf(this.#request)))
  }
}
