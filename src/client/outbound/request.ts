/** Options of one call: those of `fetch`, its time limit and its retries. */
export interface FetchInit extends RequestInit {
  /** The time limit in milliseconds, retries and body included. Default: that of the service, or 5000. */
  readonly timeoutMs?: number
  /** The most retries. Default: that of the service, or 2. */
  readonly retries?: number
}

/**
 * Returns where a call goes.
 *
 * @throws {TypeError} when the URL is not one of HTTP
 */
export function targetOf(input: string | URL | Request, init: FetchInit): { url: URL; method: string } {
  const text = input instanceof Request ? input.url : String(input)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new TypeError('fetch: expected an absolute URL of HTTP, like https://api.example.com/v1')
  }
  return { url, method: (init.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase() }
}

/** Whether a request can be sent again: a stream is gone after the first time. */
export function isReplayable(input: string | URL | Request, { body }: FetchInit): boolean {
  if (body === undefined || body === null) return !(input instanceof Request) || input.body === null
  return (
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  )
}
