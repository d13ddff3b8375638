import type { ServerResponse } from 'node:http'

/** Nothing from elsewhere is loaded or run, and no page embeds this one. */
const common = {
  'content-security-policy': "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}

/** Sends a response with the security headers. */
export function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...common, 'content-type': type, 'cache-control': 'no-store', ...headers })
  response.end(body)
}

/** Sends a value as JSON. */
export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(value))
}

/** Sends an error as JSON. */
export function sendError(response: ServerResponse, status: number, reason: string): void {
  sendJson(response, { error: reason }, status)
}

/** Begins a stream of events. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function beginEvents(response: ServerResponse): void {
  response.writeHead(200, { ...common, 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.write('retry: 1000\n\n')
}
