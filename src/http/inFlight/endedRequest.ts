/** A request that is over, as log, metrics and trace record it. */
export interface EndedRequest {
  /** Undefined outside operations: documentation, health, unknown paths. */
  readonly operation: string | undefined
  readonly route: string | undefined
  /** The path as it may be logged. */
  readonly path: string
  /** 499: the caller hung up before the response. */
  readonly status: number
  readonly durationMs: number
}

/** Nginx's status for a caller that hung up before the response. */
export const hungUp = 499

/** Whether orchestrators and scrapers request a route every few seconds. */
export function isProbe(route: string | undefined): boolean {
  return route === '/metrics' || route === '/health/live' || route === '/health/ready'
}
