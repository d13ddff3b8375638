import { callerName, identitiesOf } from '../../../auth/identity.ts'
import type { OpenRequest } from '../../../http/inFlight/inFlight.ts'
import type { AccessWriter } from '../../../log/access.ts'
import type { Logger } from '../../../log/logger.ts'
import { isProbe, type EndedRequest } from '../../../http/inFlight/endedRequest.ts'
import { recordOf } from '../../../trace/recordOf.ts'

/** Writes a line for each request, or for a share of them. */
export class AccessLog {
  readonly #log: Logger
  readonly #write: AccessWriter
  readonly #share: number
  /** Grows by the share with each request. At 1, a line is written. */
  #due = 0

  /** `share` is from 0 to 1. Requests that end in a 5xx are always logged. */
  constructor(log: Logger, write: AccessWriter, share: number) {
    this.#log = log
    this.#write = write
    this.#share = share
  }

  /** Writes the line of an operation's request at `info`; of anything else at `debug`. */
  end(
    { request, reply, hasResponse, peer = request.ip }: OpenRequest,
    { operation, route, path, status, durationMs }: EndedRequest,
  ): void {
    const failed = status >= 500
    const level = operation === undefined && (!failed || isProbe(route)) ? 'debug' : 'info'
    if (!this.#log.isLevelEnabled(level) || (!failed && !this.#isDue())) return
    this.#write({
      level,
      operation,
      method: request.method,
      path,
      status,
      durationMs,
      bytes: hasResponse ? Number(reply.getHeader('content-length') ?? 0) : 0,
      peer,
      requestId: request.id,
      caller: callerName(identitiesOf(request)),
      span: request.span && recordOf(request.span),
    })
  }

  #isDue(): boolean {
    this.#due += this.#share
    if (this.#due < 1) return false
    this.#due -= 1
    return true
  }
}
