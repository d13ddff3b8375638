import type { FastifyInstance } from 'fastify'
import { NotFound } from '../contract/errors.ts'
import type { Operations } from '../contract/operation.ts'
import { ownVersion } from '../load/own.ts'
import { CallMetrics } from '../metrics/calls.ts'
import { watchDatabase, type ConnectionStats } from '../metrics/database.ts'
import { Metrics } from '../metrics/metrics.ts'
import { watchProcess } from '../metrics/process.ts'
import { RequestMetrics } from '../metrics/requests.ts'
import type { FamilySnapshot } from '../metrics/snapshot.ts'
import { watchSpans, type SpanStats } from '../metrics/spans.ts'
import { textOf } from '../metrics/text.ts'
import type { Database } from '../sql/index.ts'

/** What of a service is measured from its start on. */
export interface Measured {
  readonly service: string
  readonly version: string | undefined
  /** How many requests are being answered. */
  readonly inFlight: () => number
  readonly db: Database | undefined
  /** Whether it has a database that is no shard. */
  readonly hasHome: boolean
  readonly spans: () => SpanStats
  readonly droppedLines: () => number
}

/** The metrics of a service from its start to its stop: those of every service, and its own. */
export class Metering {
  readonly metrics: Metrics
  readonly requests: RequestMetrics
  readonly calls: CallMetrics
  #end: (() => void) | undefined

  constructor(operations: Operations, scheme: 'http' | 'https', onOverflow: (metric: string) => void) {
    this.metrics = new Metrics({ onOverflow })
    this.requests = new RequestMetrics(this.metrics, operations, scheme)
    this.calls = new CallMetrics(this.metrics)
  }

  /** Begins to measure, and to answer at `/metrics`. */
  open({ service, version = '', inFlight, db, hasHome, spans, droppedLines }: Measured): void {
    const { metrics } = this
    this.#end = watchProcess(metrics)
    const labels = { service, version, node: process.versions.node, tricube: ownVersion }
    metrics
      .gauge('tricube_build_info', {
        help: 'What runs; always 1.',
        labels: ['service', 'version', 'node', 'tricube'],
        aggregator: 'max',
      })
      .labels(labels)
      .set(1)
    watchSpans(metrics, spans)
    const dropped = metrics.counter('tricube_log_lines_dropped_total', {
      help: 'Lines of log given up because nobody read them.',
    })
    metrics.onScrape(() => dropped.reach(droppedLines()))
    const active = metrics.gauge('http_server_active_requests', { help: 'Requests that are being answered.' })
    metrics.onScrape(() => active.set(inFlight()))
    if (db) watchDatabase(metrics, () => serversOf(db, hasHome))
  }

  close(): void {
    this.#end?.()
    this.#end = undefined
  }

  /** Answers `GET /metrics` while it is open, with those of all processes that serve. */
  addRoute(fastify: FastifyInstance, ofAll: () => Promise<readonly FamilySnapshot[]>): void {
    fastify.get('/metrics', async (request, reply) => {
      if (!this.#end) throw new NotFound('metrics are turned off')
      const { contentType, body } = textOf(await ofAll(), request.headers.accept)
      return reply.header('content-type', contentType).send(body)
    })
  }
}

/** Every server of a database: the primaries of its shards, and their replicas. */
function* serversOf(db: Database, hasHome: boolean): Iterable<readonly [string, ConnectionStats]> {
  if (hasHome) yield* serversOfShard('', db)
  for (const name of db.shards.names) yield* serversOfShard(`${name}/`, db.shard(name))
}

function* serversOfShard(prefix: string, db: Database): Iterable<readonly [string, ConnectionStats]> {
  const { replicas, ...primary } = db.stats()
  yield [`${prefix}primary`, primary]
  for (const [i, replica] of replicas.entries()) yield [`${prefix}replica ${i + 1}`, replica]
}
