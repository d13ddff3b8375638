import type { Server } from 'node:http'
import type { Http2SecureServer } from 'node:http2'
import { HttpError } from '../../contract/httpError.ts'
import type { AnyRequest, AnyResponse, Listener } from './messages.ts'
import { rejectInvalid, type OnRejected } from './reject.ts'
import type { StrictCheck } from './strict.ts'

/**
 * Handles requests with `Expect`, for which Node calls separate listeners, by the same check as all others. It sends
 * `100 Continue` when the body is first read, so a request that is rejected by its headers never sends its body. Any other
 * expectation gets a 417. RFC 9110, 10.1.1
 */
export function handleExpectations(
  server: Pick<Server | Http2SecureServer, 'on'>,
  check: StrictCheck,
  listener: Listener,
  onRejected: OnRejected,
): void {
  const proceed: Listener = (request, response) => {
    continueWhenRead(request, response)
    listener(request, response)
  }
  const on = server.on.bind(server) as (event: string, listener: Listener) => unknown
  on('checkContinue', rejectInvalid(check, proceed, onRejected))
  on(
    'checkExpectation',
    rejectInvalid((request) => check(request) ?? unknown, listener, onRejected),
  )
}

function continueWhenRead(request: AnyRequest, response: AnyResponse): void {
  const { _read: underlying } = request as { readonly _read: (size: number) => void }
  const read = underlying.bind(request)
  Object.assign(request, {
    _read(size: number) {
      Object.assign(request, { _read: read })
      // After the response, Node reads what is left of the body.
      if (!response.headersSent) response.writeContinue()
      read(size)
    },
  })
}

const unknown = new HttpError(417, 'only 100-continue can be expected')
