import type { Metrics } from './metrics.ts'

/** The counters of a span recorder since it was made. */
export interface SpanStats {
  readonly queued: number
  readonly exported: number
  readonly dropped: number
  readonly failed: number
}

/** Reads the counters of a span recorder at each scrape. */
export function watchSpans(metrics: Metrics, stats: () => SpanStats): void {
  const queued = metrics.gauge('tricube_spans_queued', { help: 'Spans that wait to be exported.' })
  const exported = metrics.counter('tricube_spans_exported_total', { help: 'Spans that the collector accepted.' })
  const dropped = metrics.counter('tricube_spans_dropped_total', { help: 'Spans dropped because the queue was full.' })
  const failed = metrics.counter('tricube_spans_failed_total', { help: 'Spans that did not reach the collector.' })
  metrics.onScrape(() => {
    const now = stats()
    queued.set(now.queued)
    exported.reach(now.exported)
    dropped.reach(now.dropped)
    failed.reach(now.failed)
  })
}
