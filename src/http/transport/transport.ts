import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Http2SecureServer } from 'node:http2'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { Answer, canCarryLines } from './answer.ts'
import { answerExpectations } from './expect.ts'
import { createHttp2Server } from './http2.ts'
import type { ServerLimits } from '../limits.ts'
import type { Listener } from './messages.ts'
import { type OnRefused, strictly } from './refuse.ts'
import { canBeLeft, Request } from './request.ts'
import { closeStalled } from './stalled.ts'
import { compileStrictCheck } from './strict.ts'
import type { TlsOptions } from '../tls.ts'

/**
 * How often Node looks for what did not arrive in time, in milliseconds: its own 30 s would make 40 s of 10. And what it
 * finds is ended in one turn of the event loop, so there had better be little of it.
 */
const connectionsCheckingInterval = 100

/** Makes the server below Fastify: its limits in time and size, and nothing malformed gets past it. */
export function createTransport(
  listener: Listener,
  limits: Required<ServerLimits>,
  tls: TlsOptions | undefined,
  onRefused: OnRefused,
): Server | SecureServer | Http2SecureServer {
  const { headersTimeoutMs, requestTimeoutMs } = limits
  const check = compileStrictCheck(limits)
  const server = createNodeServer(strictly(check, listener, onRefused), limits, tls)
  answerExpectations(server, check, listener, { bodyLimit: limits.bodyLimit, onRefused })
  Object.assign(server, {
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs), // Node swaps the two when it is the longer
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval,
    maxHeaderSize: limits.headersLimit,
    // Node drops silently what is over its limit: it may drop what is behind one too many, which the check refuses.
    maxHeadersCount: limits.headerCountLimit + 1,
  })
  // Asked for once, Node still knows it when the caller has hung up.
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
    requireHostHeader: false, // the check requires it, and answers in our own format
    ...(canBeLeft && { IncomingMessage: Request as typeof IncomingMessage }),
    ...(canCarryLines && { ServerResponse: Answer as typeof ServerResponse }),
  }
  if (!tls) return createServer(http1, listener as RequestListener)
  const options = { handshakeTimeout: limits.headersTimeoutMs, requestCert: tls.requestCert ?? false }
  if (tls.http2) return createHttp2Server(options, listener, limits)
  return createSecureServer({ ...options, ...http1 }, listener as RequestListener)
}
