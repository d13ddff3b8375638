import type { IncomingMessage, ServerResponse } from 'node:http'
import { joinWrites } from './joinedWrites.ts'

/** The header of lanes. The client has the same name. */
const lanesHeader = 'x-call-lanes'
const leaving = ';leaving'
/** A client keeps connections for 30 s unless the response has another time. */
const longEnoughMs = 32_000

/** Header lines of a response about lanes. */
export interface LaneNotice {
  readonly lines: string
  /** The lines while the service stops. Undefined off a lane, where `connection: close` is enough. */
  readonly whenLeaving: LaneNotice | undefined
}

/**
 * Compiles the lane headers of responses to other services. Off a lane they announce that lanes are possible; on a lane they
 * name the request. The function returns whether a request is such a call.
 *
 * No other caller gets them. Responses to services need no headers for browsers.
 */
export function compileAnnouncement(
  keepAliveTimeoutMs: number,
): (request: IncomingMessage, response: ServerResponse & { lane: LaneNotice | undefined }) => boolean {
  const seconds = Math.floor(keepAliveTimeoutMs / 1000)
  const keepAlive = keepAliveTimeoutMs < longEnoughMs ? `keep-alive: timeout=${seconds}\r\n` : ''
  const announcement = { lines: `${notice(seconds)}${keepAlive}`, whenLeaving: undefined }

  return (request, response) => {
    const { headers } = request
    const sequence = headers[lanesHeader]
    if (sequence === undefined && headers['x-request-attempt'] === undefined) return false
    if (typeof sequence === 'string' && /^\d{1,15}$/.test(sequence)) {
      response.lane = new OnLane(sequence)
      joinWrites(request.socket)
    } else {
      response.lane = announcement
    }
    response.removeHeader('connection') // or Node would write a second one
    return true
  }
}

/** The response to a request on a lane. */
class OnLane implements LaneNotice {
  readonly #sequence: string

  constructor(sequence: string) {
    this.#sequence = sequence
  }

  get lines(): string {
    return notice(this.#sequence)
  }

  get whenLeaving(): LaneNotice {
    return new OnLane(this.#sequence.endsWith(leaving) ? this.#sequence : this.#sequence + leaving)
  }
}

function notice(value: string | number): string {
  return `connection: ${lanesHeader}\r\n${lanesHeader}: ${value}\r\n`
}
