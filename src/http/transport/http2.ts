import type { Server } from 'node:http'
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import { withGoAway, type GoAway } from './goAway.ts'
import type { ServerLimits } from '../limits.ts'
import type { Listener } from './messages.ts'

/** Most concurrent requests of one connection: the least that RFC 9113, 6.5.2 recommends. Node sets no bound. */
const maxConcurrentStreams = 100

/** Creates a server for HTTP/2 and HTTP/1.1 that ends its connections as an HTTP/1.1 server does. */
export function createHttp2Server(
  options: SecureServerOptions,
  listener: Listener,
  limits: Required<ServerLimits>,
): Http2SecureServer & GoAway {
  const { headersLimit, headerCountLimit } = limits
  const { goAway, listener: sessionListener } = withGoAway(listener)
  const server = createSecureServer(
    {
      ...options,
      allowHTTP1: true,
      settings: { maxConcurrentStreams, maxHeaderListSize: headersLimit },
      maxHeaderListPairs: headerCountLimit + 1, // the check rejects that one; beyond it Node resets the stream
    },
    sessionListener,
  )
  server.on('session', (session) => closeIdle(session, limits))
  server.on('stream', (stream, _headers, flags) => bound(stream, flags, limits))
  return Object.assign(withConnectionClosing(server), { goAway })
}

/** Ends an idle session, and sooner one that never had a request. */
function closeIdle(
  session: ServerHttp2Session,
  { headersTimeoutMs, keepAliveTimeoutMs }: Required<ServerLimits>,
): void {
  session.setTimeout(headersTimeoutMs, () => session.close())
  session.once('stream', () => session.setTimeout(keepAliveTimeoutMs))
}

/** Resets a stream whose request does not arrive in time, or whose response is not read. */
function bound(
  stream: ServerHttp2Stream,
  flags: number,
  { requestTimeoutMs, readTimeoutMs }: Required<ServerLimits>,
): void {
  const reset = (): void => stream.close(constants.NGHTTP2_CANCEL)
  if (!(flags & constants.NGHTTP2_FLAG_END_STREAM)) {
    const timer = setTimeout(reset, requestTimeoutMs)
    const arrived = (): void => clearTimeout(timer)
    stream.once('end', arrived)
    stream.once('close', arrived)
  }
  stream.setTimeout(readTimeoutMs)
  stream.on('timeout', () => {
    const isWaiting = stream.writableLength > 0 || (stream.writableEnded && !stream.writableFinished)
    if (isWaiting) reset()
    else stream.setTimeout(readTimeoutMs) // the handler is still working
  })
}

/** Adds the closing methods of an HTTP/1.1 server. Sessions get GOAWAY, and end with their last stream. */
function withConnectionClosing(server: Http2SecureServer): Http2SecureServer {
  const sessions = new Set<ServerHttp2Session>()
  const sockets = new Set<Socket>()
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  // Node has this method, but its types do not.
  const closeIdleOfHttp1 = (
    server as Http2SecureServer & Pick<Server, 'closeIdleConnections'>
  ).closeIdleConnections.bind(server)
  return Object.assign(server, {
    closeIdleConnections(): void {
      closeIdleOfHttp1()
      for (const session of sessions) session.close()
    },
    closeAllConnections(): void {
      for (const socket of sockets) socket.destroy()
    },
  })
}
