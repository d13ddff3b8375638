import { flag } from '../../../config/rules.ts'
import type { Sink } from '../../../trace/sink.ts'
import { listenSettings } from '../../lifecycle/listen.ts'
import type { Part } from '../../part.ts'
import { databaseSettings } from '../databaseConfig.ts'
import { discoverySettings } from '../discovery/discoveryConfig.ts'
import { openTracing, type TracingConfig } from './open.ts'
import { traceRule, type TracingOptions } from './options.ts'
import type { ServiceTracer } from './serviceTracer.ts'
import { traceSettings } from './traceConfig.ts'

/** Traces the requests of a service when an exporter is configured. */
export const tracing: Part<TracingOptions, TracingConfig, ServiceTracer> = {
  name: 'tracing',
  options: {
    trace: traceRule,
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

/** Returns the part with a sink that replaces the exporter, for tests. */
export function tracingTo(sink: Sink): typeof tracing {
  return { ...tracing, open: (host, options) => openTracing(host, options, sink) }
}
