import { ConfigError } from '../../../config/configError.ts'
import type { LateLog } from '../../../log/late.ts'
import { watchSpans } from '../../../metrics/spans.ts'
import { connectionSettings } from '../../../sql/url/settings.ts'
import { consoleExporter } from '../../../trace/export/console.ts'
import type { Resource, SpanExporter } from '../../../trace/export/exporter.ts'
import { otlpExporter, zipkinExporter } from '../../../trace/export/exporters.ts'
import { readable } from '../../../trace/export/recordedSpan.ts'
import { loadApi } from '../../../trace/opentelemetry/api.ts'
import { registerWith } from '../../../trace/opentelemetry/register.ts'
import { SdkTracer } from '../../../trace/opentelemetry/sdkTracer.ts'
import { traceSampler } from '../../../trace/ownSampler.ts'
import { propagators, usualPropagator } from '../../../trace/propagation/propagators.ts'
import { Recorder } from '../../../trace/recorder.ts'
import { samplerOf } from '../../../trace/sampler.ts'
import type { Sink } from '../../../trace/sink.ts'
import { statementSpans } from '../../../trace/statementSpans.ts'
import { SilentTracer, Tracer } from '../../../trace/tracer.ts'
import type { ListenConfig } from '../../lifecycle/listen.ts'
import type { Host } from '../../part.ts'
import type { DatabaseConfig } from '../databaseConfig.ts'
import type { DiscoveryConfig } from '../discovery/discoveryConfig.ts'
import { metrics } from '../metrics.ts'
import type { TraceOptions, TracingOptions } from './options.ts'
import { ServiceTracer } from './serviceTracer.ts'
import type { TraceConfig } from './traceConfig.ts'

/** The configuration that tracing reads: its settings, and the attributes of the service. */
export type TracingConfig = TraceConfig &
  Pick<ListenConfig, 'host' | 'port'> &
  Pick<DiscoveryConfig, 'version'> &
  Pick<DatabaseConfig, 'databaseUrl'>

/** Opens the tracer that the options and the configuration ask for. `sink` replaces the exporter. */
export async function openTracing(
  host: Host<TracingConfig>,
  options: TracingOptions,
  sink?: Sink,
): Promise<ServiceTracer> {
  const { metrics: all, isOn } = await host.use(metrics)
  const opened = await trace(host, options, sink)
  if (isOn) watchSpans(all, () => opened.stats)
  return opened
}

async function trace(host: Host<TracingConfig>, options: TracingOptions, sink?: Sink): Promise<ServiceTracer> {
  const { trace: own = {}, edge = false } = options
  const { config } = host
  const statements = statementSpans(databaseName(config.databaseUrl))
  if (own.tracer === 'opentelemetry') {
    const api = await loadApi()
    if (!api) throw new ConfigError("trace.tracer is 'opentelemetry': install @opentelemetry/api and an SDK")
    return new ServiceTracer(host, new SdkTracer(api, { edge }), statements)
  }
  const propagator = config.tracePropagators ? propagators(config.tracePropagators) : usualPropagator
  const to = sink ?? recorderOf(resourceOf(host), config, own, host.log)
  if (!to) return new ServiceTracer(host, new SilentTracer({ propagator, edge }))
  const { keep } = own
  const sampler = own.sampler ? traceSampler(own.sampler) : samplerOf(config.traceSampler, config.traceSamplerArg)
  const tracer = new Tracer({ sink: to, sampler, propagator, edge, keep })
  const api = own.opentelemetry === false ? undefined : await loadApi()
  return new ServiceTracer(host, tracer, statements, api && registerWith(api, tracer))
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
