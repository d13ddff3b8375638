import type { Server } from 'node:http'
import type { Http2SecureServer } from 'node:http2'
import { HttpError } from '../../contract/httpError.ts'
import type { Listener } from './messages.ts'
import { rejectInvalid, type OnRejected } from './reject.ts'
import type { StrictCheck } from './strict.ts'

/**
 * Handles requests with `Expect`, for which Node calls separate listeners, by the same check as all others. It sends
 * `100 Continue` only if the body will be read. Any other expectation gets a 417. RFC 9110, 10.1.1
 */
export function handleExpectations(
  server: Pick<Server | Http2SecureServer, 'on'>,
  check: StrictCheck,
  listener: Listener,
  { bodyLimit, onRejected }: { readonly bodyLimit: number; readonly onRejected: OnRejected },
): void {
  const proceed: Listener = (request, response) => {
    // A body that is too long is rejected by its header.
    if (!(Number(request.headers['content-length']) > bodyLimit)) response.writeContinue()
    listener(request, response)
  }
  const on = server.on.bind(server) as (event: string, listener: Listener) => unknown
  on('checkContinue', rejectInvalid(check, proceed, onRejected))
  on(
    'checkExpectation',
    rejectInvalid((request) => check(request) ?? unknown, listener, onRejected),
  )
}

const unknown = new HttpError(417, 'only 100-continue can be expected')
