import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

/** A request of Node's HTTP/1.1 or HTTP/2 server. */
export type AnyRequest = IncomingMessage | Http2ServerRequest

/** A response of Node's HTTP/1.1 or HTTP/2 server. */
export type AnyResponse = ServerResponse | Http2ServerResponse

/** Node's listener for requests. */
export type Listener = (request: AnyRequest, response: AnyResponse) => void
