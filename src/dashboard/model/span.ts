/** A span as the dashboard stores and shows it. All its texts are cut to a length and free of secrets. */
export interface StoredSpan {
  readonly traceId: string
  readonly id: string
  readonly parentId?: string
  readonly service: string
  readonly name: string
  readonly kind: 'server' | 'client' | 'producer' | 'consumer' | 'internal'
  /** Milliseconds since 1970, with a fraction. */
  readonly startMs: number
  readonly durationMs: number
  /** The error's class, an SQLSTATE or a status; undefined without an error. */
  readonly error?: string
  readonly attributes: Readonly<Record<string, string>>
  readonly events: readonly StoredEvent[]
  /** The spans that caused it, each as `traceId-spanId`; without the second part, only the trace is known. */
  readonly links: readonly string[]
}

/** An event of a span: a retry, a hedge, an exception. */
export interface StoredEvent {
  readonly atMs: number
  readonly name: string
  /** Its attributes as text. */
  readonly text?: string
}

/** A trace in a list. */
export interface TraceSummary {
  readonly id: string
  /** Orders traces by arrival; the cursor of a list. */
  readonly seq: number
  /** The service and the name of the first span. */
  readonly service: string
  readonly name: string
  readonly services: readonly string[]
  readonly startMs: number
  readonly durationMs: number
  readonly spans: number
  readonly statements: number
  /** The number of spans that failed. */
  readonly errors: number
  /** The error of the first span that failed. */
  readonly error?: string
  /** Of the first span, if that is a request. */
  readonly status?: number
  readonly method?: string
  readonly path?: string
  /** Whether one statement ran five times or more under one parent. */
  readonly isRepeating: boolean
  /** Whether it is a health probe or a scrape. */
  readonly isProbe: boolean
}

/** The trace and the span of a link. */
export function causeOf(link: string): { readonly traceId: string; readonly spanId: string | undefined } {
  const [traceId = '', spanId] = link.split('-')
  return { traceId, spanId }
}

/** The text of a span's statement; undefined if it is none. `db.statement` is the name of older OpenTelemetry. */
export function statementOf({ attributes }: Pick<StoredSpan, 'attributes'>): string | undefined {
  return attributes['db.query.text'] ?? attributes['db.statement']
}

/** The status of a span's response; undefined if it is no request. The second name is that of older OpenTelemetry. */
export function statusOf({ attributes }: Pick<StoredSpan, 'attributes'>): number | undefined {
  const text = attributes['http.response.status_code'] ?? attributes['http.status_code']
  return text === undefined || !/^\d{3}$/.test(text) ? undefined : Number(text)
}

/** Whether a path is that of a health probe or a scrape. */
export function isProbe(path: string | undefined): boolean {
  return path !== undefined && /^\/(?:health(?:z|\/live|\/ready)?|livez|readyz|metrics)$/.test(path)
}
