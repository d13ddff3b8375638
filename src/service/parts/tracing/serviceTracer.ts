import type { FastifyRequest } from 'fastify'
import { parseRoute } from '../../../contract/route.ts'
import type { Operation } from '../../../contract/operation.ts'
import type { EndedRequest } from '../../../http/inFlight/endedRequest.ts'
import { ambient, type Home } from '../../../trace/ambient.ts'
import { recordOf } from '../../../trace/recordOf.ts'
import { Recorder, type RecorderStats } from '../../../trace/recorder.ts'
import { endRequestSpan, requestTemplate, type Scheme } from '../../../trace/requestSpan.ts'
import type { Span } from '../../../trace/span.ts'
import type { StatementSpans } from '../../../trace/statementSpans.ts'
import { untraced, type Tracer } from '../../../trace/tracer.ts'
import type { Host, Opened, WorkOptions } from '../../part.ts'
import type { TraceConfig } from './traceConfig.ts'

/** How long a stop waits until the last spans are sent, in milliseconds. */
const closeTimeoutMs = 2000

/** The tracer of a service. */
export class ServiceTracer implements Opened {
  /** Observes the statements of the database; undefined when tracing is off. */
  readonly statements: StatementSpans | undefined
  /** Whether calls forward the `baggage` of the request. */
  readonly forwardsBaggage: boolean
  readonly #tracer: Tracer
  readonly #home: Home
  readonly #unregister: (() => void) | undefined

  constructor(
    { log, config: { tracePropagators } }: Pick<Host<Pick<TraceConfig, 'tracePropagators'>>, 'log' | 'config'>,
    tracer: Tracer,
    statements?: StatementSpans,
    unregister?: () => void,
  ) {
    this.forwardsBaggage = tracePropagators?.includes('baggage') ?? true
    this.#tracer = tracer
    this.#home = { root: (template, startedAt) => tracer.root(template, startedAt), log }
    ambient.home ??= this.#home
    this.statements = statements
    this.#unregister = unregister
  }

  /** The counts of sent and lost spans. */
  get stats(): RecorderStats {
    const { sink } = this.#tracer
    return sink instanceof Recorder ? sink.stats : { queued: 0, exported: 0, dropped: 0, failed: 0 }
  }

  /**
   * Compiles the start of an operation's request spans. `startedAt` is in milliseconds on the clock of
   * `performance.now()`.
   * `forwarded` takes the scheme from the headers of a proxy.
   */
  compileBegin(
    operation: string,
    { route }: Operation,
    scheme: Scheme | 'forwarded',
  ): (request: FastifyRequest, startedAt: number) => void {
    const { method, path } = parseRoute(route)
    const template = requestTemplate(operation, method, path, scheme === 'https' ? scheme : 'http')
    const secure = requestTemplate(operation, method, path, 'https')
    return (request, startedAt) => {
      const isSecure = scheme === 'forwarded' && request.protocol === 'https'
      const span = this.#tracer.request(isSecure ? secure : template, request.headers, startedAt)
      if (span !== untraced) request.span = span
    }
  }

  /** Starts the first span of work outside requests: in the trace of its message, or in a new one. */
  begin({ template, headers, links = [] }: Pick<WorkOptions, 'template' | 'headers' | 'links'>): Span {
    const startedAt = performance.now()
    const span = headers ? this.#tracer.request(template, headers, startedAt) : this.#tracer.root(template, startedAt)
    for (const link of links) span.link(link)
    return span
  }

  /** Ends the span of a request. */
  onRequestEnd(request: FastifyRequest, { path, status, durationMs }: EndedRequest): void {
    const { span, method } = request // the package's types do not carry the declaration of `span`
    if (span?.isRecorded) endRequestSpan(recordOf(span), { path, method, status, durationMs })
  }

  /** Sends the last spans, within two seconds. */
  close(): Promise<void> {
    this.#unregister?.()
    if (ambient.home === this.#home) ambient.home = undefined
    return this.#tracer.sink.close(closeTimeoutMs)
  }
}
