/** A request that is over, as log, metrics and trace record it. */
export interface EndedRequest {
  /** Undefined for what is no operation: documentation, health, unknown paths. */
  readonly operation: string | undefined
  readonly route: string | undefined
  /** The path as it may be shown. */
  readonly path: string
  /** 499: the caller hung up before the response. */
  readonly status: number
  readonly durationMs: number
}

/** Nginx's status for a caller that hung up before the response. */
export const hungUp = 499

/** Whether a route is one that orchestrators and scrapers ask for every few seconds. */
export function isProbe(route: string | undefined): boolean {
  return route === '/metrics' || route === '/health/live' || route === '/health/ready'
}
