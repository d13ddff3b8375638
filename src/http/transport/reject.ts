import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { errorBody } from '../../contract/errorBody.ts'
import { BadRequest, RequestHeaderFieldsTooLarge, RequestTimeout } from '../../contract/errors.ts'
import type { HttpError } from '../../contract/httpError.ts'
import { securityHeaders } from '../securityHeaders.ts'
import type { AnyRequest, Listener } from './messages.ts'
import type { StrictCheck } from './strict.ts'
import { closeWithConnection } from './queuedResponses.ts'

/** Called with each request that is rejected before routing. */
export type OnRejected = (error: HttpError, socket: Socket) => void

/** Passes a listener only requests that a check accepts. All others are rejected, and their connection is closed. */
export function rejectInvalid(check: StrictCheck, listener: Listener, onRejected: OnRejected): Listener {
  return (request, response) => {
    const socket: CheckedSocket = request.socket
    if (socket[isRejected]) return
    const error = check(request)
    if (error === undefined) {
      closeWithConnection(response, socket)
      return listener(request, response)
    }
    onRejected(error, socket)
    const body = JSON.stringify(errorBody(error))
    if (request.httpVersionMajor === 2 && 'stream' in request) {
      response.writeHead(error.status, headersOf(body))
    } else {
      socket[isRejected] = true
      response.writeHead(error.status, { ...headersOf(body), connection: 'close' })
    }
    response.end(body)
  }
}

/** Responds to requests that cannot be parsed or do not arrive in time, and closes the connection. */
export function respondToClientError(onRejected: OnRejected): (thrown: NodeJS.ErrnoException, socket: Socket) => void {
  return (thrown, socket) => {
    const due = responseTo(thrown.code)
    if (!due || !socket.writable || !isDueNow(socket)) {
      socket.destroy()
      return
    }
    onRejected(due.error, socket)
    socket.write(due.text)
    socket.destroySoon() // `end` would wait for the peer to close its side, too
  }
}

/**
 * Marks a connection whose request was rejected. Node still parses the rest of the packet, and what follows a rejected
 * request may be a smuggled one.
 */
const isRejected = Symbol('tricube.isRejected')
type CheckedSocket = Socket & { [isRejected]?: true }

/** Whether the next response of a connection is the one to the faulty request, not to a request before it. */
function isDueNow(socket: Socket & { _httpMessage?: (ServerResponse & { req: AnyRequest }) | null }): boolean {
  const { _httpMessage: response } = socket // the current response; Node's own handler reads this property too
  return !response || (!response.headersSent && !response.req.complete)
}

function responseTo(code = ''): Ready | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return headersTooLarge
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return tooLate
  return code.startsWith('HPE_') ? unparsed : undefined
}

/** A response that is written in advance: hundreds of connections may end in one turn of the event loop. */
interface Ready {
  readonly error: HttpError
  readonly text: string
}

function ready(error: HttpError): Ready {
  const body = JSON.stringify(errorBody(error))
  const headers = { ...headersOf(body), connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return { error, text: `HTTP/1.1 ${error.status} ${error.reason}\r\n${lines.join('')}\r\n${body}` }
}

function headersOf(body: string): Record<string, string | number> {
  return {
    ...securityHeaders,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  }
}

const headersTooLarge = ready(new RequestHeaderFieldsTooLarge('the headers are over the limit'))
const tooLate = ready(new RequestTimeout('the request did not arrive in time'))
const unparsed = ready(new BadRequest('the request cannot be parsed'))
