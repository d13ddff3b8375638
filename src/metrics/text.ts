import { negotiate } from './accept.ts'
import { expose } from './expose.ts'
import type { FamilySnapshot } from './snapshot.ts'

/** The response to a scraper. */
export interface MetricsText {
  readonly contentType: string
  readonly body: string
}

/** Formats metrics as text, as the scraper's `accept` header prefers: Prometheus' format or OpenMetrics. */
export function textOf(families: Iterable<FamilySnapshot>, accept?: string): MetricsText {
  const format = negotiate(accept)
  return { contentType: format.contentType, body: expose(families, format) }
}
