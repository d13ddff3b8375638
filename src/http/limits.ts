/** Limits of the server for its callers. */
export interface ServerLimits {
  /** Largest request body, in bytes. Default 1 MiB. */
  readonly bodyLimit?: number
  /** Most bytes of a request's headers and first line. Default 16 KiB. */
  readonly headersLimit?: number
  /** Most headers of a request. Default 100, Envoy's and Apache's. */
  readonly headerCountLimit?: number
  /** Longest path and query, in bytes. Default 8,192: RFC 9110, 4.1 recommends 8,000 at least. */
  readonly urlLimit?: number
  /** Most parameters in a query. Default 1,000, that of qs and PHP. */
  readonly queryLimit?: number
  /** Milliseconds for a complete request to arrive. Default 30,000. */
  readonly requestTimeoutMs?: number
  /** Milliseconds for its headers to arrive, and for a TLS handshake. Default 10,000. */
  readonly headersTimeoutMs?: number
  /** Milliseconds that a response waits for a caller that reads none of it. Default 30,000. */
  readonly readTimeoutMs?: number
  /** Milliseconds an idle connection is kept. Default 72,000: longer than the 60 s of common load balancers. */
  readonly keepAliveTimeoutMs?: number
}

/** The defaults of `ServerLimits`. */
export const defaultLimits: Required<ServerLimits> = {
  bodyLimit: 1024 * 1024,
  headersLimit: 16 * 1024,
  headerCountLimit: 100,
  urlLimit: 8192,
  queryLimit: 1000,
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  readTimeoutMs: 30_000,
  keepAliveTimeoutMs: 72_000,
}
