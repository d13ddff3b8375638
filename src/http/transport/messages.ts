import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

/** A request as Node gives it. */
export type AnyRequest = IncomingMessage | Http2ServerRequest

/** A response as Node takes it. */
export type AnyResponse = ServerResponse | Http2ServerResponse

/** What Node calls with each request. */
export type Listener = (request: AnyRequest, response: AnyResponse) => void
