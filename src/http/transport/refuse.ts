import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { errorBody } from '../../contract/errorBody.ts'
import { BadRequest, RequestHeaderFieldsTooLarge, RequestTimeout } from '../../contract/errors.ts'
import type { HttpError } from '../../contract/httpError.ts'
import { securityHeaders } from '../securityHeaders.ts'
import type { AnyRequest, Listener } from './messages.ts'
import type { StrictCheck } from './strict.ts'
import { hearWhileWaiting } from './waiting.ts'

/** Is told of what is refused before it is routed. */
export type OnRefused = (error: HttpError, socket: Socket) => void

/** Lets a listener have only what a check finds nothing wrong with; all else is answered, and its connection closed. */
export function strictly(check: StrictCheck, listener: Listener, onRefused: OnRefused): Listener {
  return (request, response) => {
    const socket: RefusableSocket = request.socket
    if (socket[isRefused]) return
    const error = check(request)
    if (error === undefined) {
      hearWhileWaiting(response, socket)
      return listener(request, response)
    }
    onRefused(error, socket)
    const body = JSON.stringify(errorBody(error))
    if (request.httpVersionMajor === 2 && 'stream' in request) {
      response.writeHead(error.status, headersOf(body))
    } else {
      socket[isRefused] = true
      response.writeHead(error.status, { ...headersOf(body), connection: 'close' })
    }
    response.end(body)
  }
}

/** Answers what the parser gave up on and what did not arrive in time, and closes the connection. */
export function answerClientError(onRefused: OnRefused): (thrown: NodeJS.ErrnoException, socket: Socket) => void {
  return (thrown, socket) => {
    const due = answerTo(thrown.code)
    if (!due || !socket.writable || !isDueNow(socket)) {
      socket.destroy()
      return
    }
    onRefused(due.error, socket)
    socket.write(due.text)
    socket.destroySoon() // `end` would wait for the peer to close its side, too
  }
}

/**
 * Of a connection on which a request was refused: Node goes on to parse what came in the same packet, and what is behind a
 * refused request is part of the trick.
 */
const isRefused = Symbol('tricube.isRefused')
type RefusableSocket = Socket & { [isRefused]?: true }

/** Whether the next answer on a connection is for what has failed to parse, and not for a request before that. */
function isDueNow(socket: Socket & { _httpMessage?: (ServerResponse & { req: AnyRequest }) | null }): boolean {
  const { _httpMessage: answering } = socket // Node's name for the answer that is due; its own handler reads it, too
  return !answering || (!answering.headersSent && !answering.req.complete)
}

function answerTo(code = ''): Ready | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return headersTooLarge
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return tooLate
  return code.startsWith('HPE_') ? unparsed : undefined
}

/** An answer that is ready before it is due: hundreds of connections may end in one turn of the event loop. */
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
