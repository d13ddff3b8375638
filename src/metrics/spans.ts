import type { Metrics } from './metrics.ts'

/** What a recorder of spans has done since it was made. */
export interface SpanStats {
  readonly queued: number
  readonly exported: number
  readonly dropped: number
  readonly failed: number
}

/** Tells how a recorder of spans is doing, as often as somebody asks. */
export function watchSpans(metrics: Metrics, stats: () => SpanStats): void {
  const queued = metrics.gauge('tricube_spans_queued', { help: 'Spans that wait to be exported.' })
  const exported = metrics.counter('tricube_spans_exported_total', { help: 'Spans that the collector has taken.' })
  const dropped = metrics.counter('tricube_spans_dropped_total', { help: 'Spans given up because the queue was full.' })
  const failed = metrics.counter('tricube_spans_failed_total', { help: 'Spans lost on the way to the collector.' })
  metrics.onScrape(() => {
    const now = stats()
    queued.set(now.queued)
    exported.reach(now.exported)
    dropped.reach(now.dropped)
    failed.reach(now.failed)
  })
}
