import { negotiate } from './accept.ts'
import { expose } from './expose.ts'
import type { FamilySnapshot } from './snapshot.ts'

/** What a scraper is answered. */
export interface MetricsText {
  readonly contentType: string
  readonly body: string
}

/** Metrics as text, in the format that the scraper's `accept` header prefers: Prometheus' or OpenMetrics. */
export function textOf(families: Iterable<FamilySnapshot>, accept?: string): MetricsText {
  const format = negotiate(accept)
  return { contentType: format.contentType, body: expose(families, format) }
}
