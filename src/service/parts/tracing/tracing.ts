import type { FastifyRequest } from 'fastify'
import { ConfigError } from '../../../config/configError.ts'
import { flag, group, oneOf, number, record, withMethods } from '../../../config/rules.ts'
import { parseRoute } from '../../../contract/route.ts'
import type { Operation } from '../../../contract/operation.ts'
import type { EndedRequest } from '../../../http/inFlight/endedRequest.ts'
import type { LateLog } from '../../../log/late.ts'
import { consoleExporter } from '../../../trace/export/console.ts'
import type { Resource, SpanExporter } from '../../../trace/export/exporter.ts'
import { otlpExporter, zipkinExporter } from '../../../trace/export/exporters.ts'
import { readable, type Exporter } from '../../../trace/export/recordedSpan.ts'
import { ambient, type Home } from '../../../trace/ambient.ts'
import { propagators, usualPropagator } from '../../../trace/propagation/propagators.ts'
import { Recorder, type RecorderStats } from '../../../trace/recorder.ts'
import { endRequestSpan, requestShape, type Scheme } from '../../../trace/requestSpan.ts'
import { loadApi } from '../../../trace/opentelemetry/api.ts'
import { registerWith } from '../../../trace/opentelemetry/register.ts'
import { SdkTracer } from '../../../trace/opentelemetry/sdkTracer.ts'
import { traceSampler, type Sampler } from '../../../trace/ownSampler.ts'
import { samplerOf } from '../../../trace/sampler.ts'
import type { Sink } from '../../../trace/sink.ts'
import { recordOf } from '../../../trace/recordOf.ts'
import type { Span } from '../../../trace/span.ts'
import { statementSpans, type StatementSpans } from '../../../trace/statementSpans.ts'
import { SilentTracer, Tracer, untraced, type KeepOptions } from '../../../trace/tracer.ts'
import { watchSpans } from '../../../metrics/spans.ts'
import { connectionSettings } from '../../../sql/url/settings.ts'
import type { Host, Opened, Part, WorkOptions } from '../../part.ts'
import { metrics } from '../metrics.ts'
import { listenSettings, type ListenConfig } from '../../lifecycle/listen.ts'
import { databaseSettings, type DatabaseConfig } from '../databaseConfig.ts'
import { discoverySettings, type DiscoveryConfig } from '../discovery/discoveryConfig.ts'
import { traceSettings, type TraceConfig } from './traceConfig.ts'

/** Options of tracing. The configuration says where spans go and how many traces are sampled. */
export interface TraceOptions {
  /** Which unsampled traces are recorded all the same, as far as this process sees them. Default: none. */
  readonly keep?: KeepOptions
  /** Replaces the one of the configuration. */
  readonly sampler?: Sampler
  /** Replaces the one of the configuration. */
  readonly exporter?: Exporter
  /** `opentelemetry`: spans go to the SDK that the application has registered, which does the rest. */
  readonly tracer?: 'tricube' | 'opentelemetry'
  /**
   * Whether tricube is OpenTelemetry's global tracer provider, so that the spans of other libraries join its traces.
   * Default: when `@opentelemetry/api` is installed.
   */
  readonly opentelemetry?: boolean
  /** Headers for the collector, for example `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
}

/** How long a stop waits until the last spans are sent, in milliseconds. */
const closeTimeoutMs = 2000

/** The options that tracing reads. */
export interface TracingOptions {
  /** How requests are traced. */
  readonly trace?: TraceOptions
  readonly edge?: boolean
}

/** The configuration that tracing reads: its settings, and the attributes of the service. */
export type TracingConfig = TraceConfig &
  Pick<ListenConfig, 'host' | 'port'> &
  Pick<DiscoveryConfig, 'version'> &
  Pick<DatabaseConfig, 'databaseUrl'>

/** Traces the requests of a service when an exporter is configured. */
export const tracing: Part<TracingOptions, TracingConfig, Tracing> = {
  name: 'tracing',
  options: {
    trace: group<TraceOptions>({
      keep: group<KeepOptions>({ errors: flag, slowerThanMs: number({ unit: 'ms' }) }),
      sampler: withMethods('a sampler', ['isSampled']),
      exporter: withMethods('an exporter', ['export', 'close']),
      tracer: oneOf(['tricube', 'opentelemetry']),
      opentelemetry: flag,
      headers: record('an object of header values'),
    }),
    edge: flag,
  },
  settings: {
    ...traceSettings,
    host: listenSettings.host,
    port: listenSettings.port,
    version: discoverySettings.version,
    databaseUrl: databaseSettings.databaseUrl,
  },
  open: (host, options) => openTracing(host, options),
}

/** Traces into a given sink, as a test does. */
export function tracingTo(sink: Sink): typeof tracing {
  return { ...tracing, open: (host, options) => openTracing(host, options, sink) }
}

async function openTracing(host: Host<TracingConfig>, options: TracingOptions, sink?: Sink): Promise<Tracing> {
  const { metrics: all, isOn } = await host.use(metrics)
  const opened = await trace(host, options, sink)
  if (isOn) watchSpans(all, () => opened.stats)
  return opened
}

async function trace(host: Host<TracingConfig>, options: TracingOptions, sink?: Sink): Promise<Tracing> {
  const { trace: own = {}, edge = false } = options
  const { config } = host
  const statements = statementSpans(databaseName(config.databaseUrl))
  if (own.tracer === 'opentelemetry') {
    const api = await loadApi()
    if (!api) throw new ConfigError("trace.tracer is 'opentelemetry': install @opentelemetry/api and an SDK")
    return new Tracing(host, new SdkTracer(api, { edge }), statements)
  }
  const propagator = config.tracePropagators ? propagators(config.tracePropagators) : usualPropagator
  const to = sink ?? recorderOf(resourceOf(host), config, own, host.log)
  if (!to) return new Tracing(host, new SilentTracer({ propagator, edge }))
  const { keep } = own
  const sampler = own.sampler ? traceSampler(own.sampler) : samplerOf(config.traceSampler, config.traceSamplerArg)
  const tracer = new Tracer({ sink: to, sampler, propagator, edge, keep })
  const api = own.opentelemetry === false ? undefined : await loadApi()
  return new Tracing(host, tracer, statements, api && registerWith(api, tracer))
}

/** The tracer of a service. */
export class Tracing implements Opened {
  /** Observes the statements of the database; undefined when tracing is off. */
  readonly statements: StatementSpans | undefined
  /** Whether calls forward the `baggage` of the request. */
  readonly forwardsBaggage: boolean
  readonly #tracer: Tracer
  readonly #home: Home
  readonly #unregister: (() => void) | undefined

  constructor(
    { log, config: { tracePropagators } }: Host<TracingConfig>,
    tracer: Tracer,
    statements?: StatementSpans,
    unregister?: () => void,
  ) {
    this.forwardsBaggage = tracePropagators?.includes('baggage') ?? true
    this.#tracer = tracer
    this.#home = { root: (shape, startedAt) => tracer.root(shape, startedAt), log }
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
   * Compiles the start of an operation's request spans. `startedAt` is in milliseconds of `performance.now()`.
   * `forwarded` means that a proxy tells the scheme.
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

  /** Starts the first span of work outside requests: in the trace of its message, or in a new one. */
  begin({ shape, headers, links = [] }: Pick<WorkOptions, 'shape' | 'headers' | 'links'>): Span {
    const startedAt = performance.now()
    const span = headers ? this.#tracer.request(shape, headers, startedAt) : this.#tracer.root(shape, startedAt)
    for (const link of links) span.link(link)
    return span
  }

  /** A request is over. */
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

/** The attributes of the service. Its port is known once it listens. */
function resourceOf({ contract: { name }, config, whenListening }: Host<TracingConfig>): Resource {
  const { traceServiceName = name, traceResource, host, port, version } = config
  let known = port === 0 ? undefined : port
  whenListening((at) => void (known = at?.port))
  return {
    service: traceServiceName,
    address: host,
    get port() {
      return known
    },
    attributes: { ...(version !== undefined && { 'service.version': version }), ...traceResource },
  }
}

function recorderOf(resource: Resource, config: TraceConfig, options: TraceOptions, log: LateLog): Sink | undefined {
  const exporter = options.exporter ? readable(options.exporter) : exporterOf(resource, config, options.headers)
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

function exporterOf(
  resource: Resource,
  config: TraceConfig,
  headers: TraceOptions['headers'],
): SpanExporter | undefined {
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
