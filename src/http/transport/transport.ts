import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Http2SecureServer } from 'node:http2'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { LineResponse, supportsHeaderLines } from './response.ts'
import { handleExpectations } from './expect.ts'
import { createHttp2Server } from './http2.ts'
import type { ServerLimits } from '../limits.ts'
import type { Listener } from './messages.ts'
import { type OnRejected, rejectInvalid } from './reject.ts'
import { supportsDumpSkipping, Request } from './request.ts'
import { closeStalled } from './stalled.ts'
import { compileStrictCheck } from './strict.ts'
import type { TlsOptions } from '../tls.ts'

/**
 * How often Node looks for late requests, in milliseconds.
 *
 * Its default of 30 s would turn a limit of 10 s into one of 40 s. Node ends all late requests in one turn of the event
 * loop, so a short interval also keeps their number small.
 */
const connectionsCheckingInterval = 100

/** Creates the server below Fastify, which enforces limits of time and size and rejects malformed requests. */
export function createTransport(
  listener: Listener,
  limits: Required<ServerLimits>,
  tls: TlsOptions | undefined,
  onRejected: OnRejected,
): Server | SecureServer | Http2SecureServer {
  const { headersTimeoutMs, requestTimeoutMs } = limits
  const check = compileStrictCheck(limits)
  const server = createNodeServer(rejectInvalid(check, listener, onRejected), limits, tls)
  handleExpectations(server, check, listener, onRejected)
  Object.assign(server, {
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs), // Node would swap the two if this were the longer
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval,
    maxHeaderSize: limits.headersLimit,
    // Node silently drops headers over its limit. The check rejects a request with one too many, so it has to see that one.
    maxHeadersCount: limits.headerCountLimit + 1,
  })
  // Node caches it at the first read, and so still has it when the caller has hung up.
  server.on('connection', (socket: Socket) => void socket.remoteAddress)
  closeStalled(server, tls ? 'secureConnection' : 'connection', limits.readTimeoutMs)
  return server
}

function createNodeServer(
  listener: Listener,
  limits: Required<ServerLimits>,
  tls: TlsOptions | undefined,
): Server | SecureServer | Http2SecureServer {
  const http1 = {
    requireHostHeader: false, // the check requires it, and rejects in our own format
    ...(supportsDumpSkipping && { IncomingMessage: Request as typeof IncomingMessage }),
    ...(supportsHeaderLines && { ServerResponse: LineResponse as typeof ServerResponse }),
  }
  if (!tls) return createServer(http1, listener as RequestListener)
  const options = { handshakeTimeout: limits.headersTimeoutMs, requestCert: tls.requestCert ?? false }
  if (tls.http2) return createHttp2Server(options, listener, limits)
  return createSecureServer({ ...options, ...http1 }, listener as RequestListener)
}
