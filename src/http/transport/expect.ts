import type { Server } from 'node:http'
import type { Http2SecureServer } from 'node:http2'
import { HttpError } from '../../contract/httpError.ts'
import type { Listener } from './messages.ts'
import { strictly, type OnRefused } from './refuse.ts'
import type { StrictCheck } from './strict.ts'

/**
 * Has requests with `Expect` pass the check of all others: for these Node calls listeners of their own. `100-continue` is
 * answered only to what will be read, anything else with 417. RFC 9110, 10.1.1
 */
export function answerExpectations(
  server: Pick<Server | Http2SecureServer, 'on'>,
  check: StrictCheck,
  listener: Listener,
  { bodyLimit, onRefused }: { readonly bodyLimit: number; readonly onRefused: OnRefused },
): void {
  const proceed: Listener = (request, response) => {
    // What is too long is refused by its header.
    if (!(Number(request.headers['content-length']) > bodyLimit)) response.writeContinue()
    listener(request, response)
  }
  const on = server.on.bind(server) as (event: string, listener: Listener) => unknown
  on('checkContinue', strictly(check, proceed, onRefused))
  on(
    'checkExpectation',
    strictly((request) => check(request) ?? unknown, listener, onRefused),
  )
}

const unknown = new HttpError(417, 'only 100-continue can be expected')
