import { NotFound } from '../../contract/errors.ts'
import { flag, oneOf } from '../../config/rules.ts'
import { setting } from '../../config/setting.ts'
import { ownVersion } from '../../load/own.ts'
import { standardOutput } from '../../log/output.ts'
import { CallMetrics } from '../../metrics/calls.ts'
import { Metrics } from '../../metrics/metrics.ts'
import { watchProcess } from '../../metrics/process.ts'
import { RequestMetrics } from '../../metrics/requests.ts'
import { textOf } from '../../metrics/text.ts'
import type { Host, Opened, Part } from '../part.ts'
import { discoverySettings, type DiscoveryConfig } from './discovery/discoveryConfig.ts'
import { admin } from './admin.ts'
import { tls } from './tls.ts'
import { workers } from './workers/workers.ts'

/** What the metrics read of the configuration. */
export interface MetricsConfig extends Pick<DiscoveryConfig, 'version'> {
  /** `none` answers no `/metrics` and measures nothing (`OTEL_METRICS_EXPORTER`). Default `prometheus`. */
  readonly metricsExporter: 'prometheus' | 'none'
}

/** The metrics of a service: those of every service, and its own. */
export interface Metering extends Opened<Metrics> {
  readonly metrics: Metrics
  readonly requests: RequestMetrics
  /** Undefined when nothing is measured. */
  readonly calls: CallMetrics | undefined
  /** Whether anything is measured. */
  readonly isOn: boolean
  forRequest(): Metrics
}

/** What a service says of its metrics. */
export interface MetricsOptions {
  /** False: nothing is measured, and `/metrics` is not answered. Default: true. */
  readonly metrics?: boolean
}

/** Counts and measures, and answers `GET /metrics` with the counts of all processes that serve. */
export const metrics: Part<MetricsOptions, MetricsConfig, Metering> = {
  name: 'metrics',
  options: { metrics: flag },
  settings: {
    metricsExporter: setting<MetricsConfig['metricsExporter']>(oneOf(['prometheus', 'none']), {
      variable: 'OTEL_METRICS_EXPORTER',
      meaning: '`none` measures nothing and serves no `/metrics`.',
      value: 'prometheus',
      own: ({ metrics: isOn }: MetricsOptions) => (isOn === false ? 'none' : undefined),
    }),
    version: discoverySettings.version,
  },
  async open(host) {
    const { contract, config, inFlight, log, use } = host
    const { isSecure } = await use(tls)
    const isOn = config.metricsExporter !== 'none'
    const all = new Metrics({
      onOverflow: (metric) => log.warn({ metric }, 'a metric has more than 2,000 combinations of label values'),
    })
    const ofAll = (await use(workers)).share('metrics', () => all.snapshot())
    const { fastify } = await use(admin)
    fastify.get('/metrics', async (request, reply) => {
      if (!isOn) throw new NotFound('metrics are turned off')
      const { contentType, body } = textOf(await ofAll(), request.headers.accept)
      return reply.header('content-type', contentType).send(body)
    })
    const requests = new RequestMetrics(all, contract.operations, isSecure ? 'https' : 'http')
    inFlight.onRejected = (status) => requests.observe(undefined, undefined, status, 0)
    const opened = { metrics: all, requests, isOn, forRequest: () => all }
    if (!isOn) return { ...opened, calls: undefined }
    watchService(all, host)
    return { ...opened, calls: new CallMetrics(all), close: watchProcess(all) }
  },
}

/** What every service tells: what runs, its requests in flight, the lines of log that it lost. */
function watchService(all: Metrics, { contract, config: { version = '' }, inFlight }: Host<MetricsConfig>): void {
  all.onScrape(inFlight.reportEnded)
  all
    .gauge('tricube_build_info', {
      help: 'What runs; always 1.',
      labels: ['service', 'version', 'node', 'tricube'],
      aggregator: 'max',
    })
    .labels({ service: contract.name, version, node: process.versions.node, tricube: ownVersion })
    .set(1)
  const dropped = all.counter('tricube_log_lines_dropped_total', {
    help: 'Lines of log given up because nobody read them.',
  })
  all.onScrape(() => dropped.reach(standardOutput().dropped))
  const active = all.gauge('http_server_active_requests', { help: 'Requests that are being answered.' })
  all.onScrape(() => active.set(inFlight.size))
}
