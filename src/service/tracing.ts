import type { FastifyRequest } from 'fastify'
import { parseRoute } from '../contract/route.ts'
import type { Operation } from '../contract/operation.ts'
import type { Logger } from '../log/logger.ts'
import { consoleExporter } from '../trace/export/console.ts'
import type { Exporter, Resource } from '../trace/export/exporter.ts'
import { otlpExporter, zipkinExporter } from '../trace/export/exporters.ts'
import { ambient, type Home } from '../trace/ambient.ts'
import { propagators } from '../trace/propagation/propagator.ts'
import { Recorder, type RecorderStats } from '../trace/recorder.ts'
import { endRequestSpan, requestShape, type Scheme } from '../trace/requestSpan.ts'
import { loadApi } from '../trace/opentelemetry/api.ts'
import { registerWith } from '../trace/opentelemetry/register.ts'
import { SdkTracer } from '../trace/opentelemetry/sdkTracer.ts'
import { samplerOf, type Sampler } from '../trace/sampler.ts'
import type { Sink } from '../trace/sink.ts'
import { connectionSettings } from '../sql/url/settings.ts'
import { statementSpans, type StatementSpans } from '../trace/statementSpans.ts'
import { SilentTracer, Tracer, untraced, type KeepOptions } from '../trace/tracer.ts'
import { ConfigError, type Config } from './config.ts'
import type { EndedRequest } from './endedRequest.ts'

/** What a service may say of its traces; where they go and how many of them says the configuration. */
export interface TraceOptions {
  /** Which traces are kept although they were not sampled, as far as this process sees them. Default: none. */
  readonly keep?: KeepOptions
  /** In place of the configuration's. */
  readonly sampler?: Sampler
  /** In place of the configuration's. */
  readonly exporter?: Exporter
  /** `opentelemetry`: spans go to the SDK that the application has registered, and everything else is up to it. */
  readonly tracer?: 'tricube' | 'opentelemetry'
  /**
   * Whether tricube is OpenTelemetry's global tracer provider, so that the spans of other libraries join its traces.
   * Default: when `@opentelemetry/api` is installed.
   */
  readonly opentelemetry?: boolean
  /** Sent along to the collector, for instance `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Longest that the last spans may take to be sent when a service stops, in milliseconds. */
const closeTimeoutMs = 2000

/** A service's tracer from its start to its stop, and what tells it of requests. */
export class Tracing {
  #tracer: Tracer = new SilentTracer()
  #statements: StatementSpans | undefined
  #port: number | undefined
  #unregister: (() => void) | undefined
  #home: Home | undefined

  /** Begins to record, when there is anywhere to send it. */
  async open(
    service: string,
    config: Config,
    options: TraceOptions & { readonly edge: boolean },
    log: Logger,
    sink?: Sink,
  ): Promise<void> {
    await this.#open(service, config, options, log, sink)
    const tracer = this.#tracer
    this.#home = { root: (shape, startedAt) => tracer.root(shape, startedAt), log }
    ambient.home ??= this.#home
  }

  async #open(
    service: string,
    config: Config,
    { edge, ...options }: TraceOptions & { readonly edge: boolean },
    log: Logger,
    sink?: Sink,
  ): Promise<void> {
    const statements = statementSpans(databaseName(config.databaseUrl))
    if (options.tracer === 'opentelemetry') {
      const api = await loadApi()
      if (!api) throw new ConfigError("trace.tracer is 'opentelemetry': install @opentelemetry/api and an SDK")
      this.#tracer = new SdkTracer(api, edge)
      this.#statements = statements
      return
    }
    const propagator = propagators(config.tracePropagators)
    const to = sink ?? recorderOf(this.#resource(service, config), config, options, log)
    if (!to) {
      this.#tracer = new SilentTracer(propagator, edge)
      return
    }
    const { keep, sampler = samplerOf(config.traceSampler, config.traceSamplerArg) } = options
    this.#tracer = new Tracer({ sink: to, sampler, propagator, edge, keep })
    this.#statements = statements
    const api = options.opentelemetry === false ? undefined : await loadApi()
    if (api) this.#unregister = registerWith(api, this.#tracer)
  }

  /** What the database tells its statements to; undefined when nobody wants to know. */
  get statements(): StatementSpans | undefined {
    return this.#statements
  }

  /** What has become of its spans. */
  get stats(): RecorderStats {
    const { sink } = this.#tracer
    return sink instanceof Recorder ? sink.stats : { queued: 0, exported: 0, dropped: 0, failed: 0 }
  }

  /**
   * Compiles the beginning of an operation's requests; `startedAt` is as `performance.now()` counts, `forwarded`: a proxy
   * says by what scheme.
   */
  compileBegin(
    operation: string,
    { route }: Operation,
    scheme: Scheme | 'forwarded',
  ): (request: FastifyRequest, startedAt: number) => void {
    const { method, path } = parseRoute(route)
    const shape = requestShape(operation, method, path, scheme === 'https' ? scheme : 'http')
    const secure = requestShape(operation, method, path, 'https')
    return (request, startedAt) => {
      const isSecure = scheme === 'forwarded' && request.protocol === 'https'
      const span = this.#tracer.request(isSecure ? secure : shape, request.headers, startedAt)
      if (span !== untraced) request.span = span
    }
  }

  /** A request is over. */
  onRequestEnd(request: FastifyRequest, { path, status, durationMs }: EndedRequest): void {
    const { span, method } = request // the package's types do not carry the declaration of `span`
    if (span?.isRecorded) endRequestSpan(span, { path, method, status, durationMs })
  }

  /** From now on spans say where the service listens. */
  listensOn(port: number): void {
    this.#port = port
  }

  /** Sends the last spans, for two seconds at most. */
  close(): Promise<void> {
    this.#unregister?.()
    if (ambient.home === this.#home) ambient.home = undefined
    return this.#tracer.sink.close(closeTimeoutMs)
  }

  #resource(service: string, { traceServiceName = service, traceResource, host, port, version }: Config): Resource {
    const ownPort = (): number | undefined => this.#port ?? (port === 0 ? undefined : port)
    return {
      service: traceServiceName,
      address: host,
      get port() {
        return ownPort()
      },
      attributes: { ...(version !== undefined && { 'service.version': version }), ...traceResource },
    }
  }
}

function recorderOf(resource: Resource, config: Config, options: TraceOptions, log: Logger): Sink | undefined {
  const exporter = options.exporter ?? exporterOf(resource, config, options.headers)
  if (!exporter) return undefined
  return new Recorder({
    exporter,
    delayMs: config.traceDelayMs,
    onChange: (lost) => {
      if (lost === undefined) log.info('spans reach their collector again')
      else log.warn({ reason: lost instanceof Error ? lost.message : lost }, 'spans do not reach their collector')
    },
  })
}

function exporterOf(resource: Resource, config: Config, headers: TraceOptions['headers']): Exporter | undefined {
  const { zipkinEndpoint, otlpEndpoint } = config
  const name = config.traceExporter ?? (zipkinEndpoint ? 'zipkin' : otlpEndpoint ? 'otlp' : 'none')
  switch (name) {
    case 'zipkin':
      return zipkinExporter(resource, { url: zipkinEndpoint ?? 'http://localhost:9411/api/v2/spans', headers })
    case 'otlp':
      return otlpExporter(resource, {
        url: `${(otlpEndpoint ?? 'http://localhost:4318').replace(/\/$/, '')}/v1/traces`,
        headers: { ...config.otlpHeaders, ...headers },
        gzip: config.otlpCompression === 'gzip',
        json: config.otlpProtocol === 'http/json',
      })
    case 'console':
      return consoleExporter(resource.service)
    default:
      return undefined
  }
}

function databaseName(url: string | undefined): string | undefined {
  return url === undefined ? undefined : connectionSettings(url).database
}
