import type { IncomingMessage, ServerResponse } from 'node:http'
import { joinWrites } from './joinedWrites.ts'

/** The twin of the client's: what both sides say of lanes. */
const lanesHeader = 'x-call-lanes'
const leaving = ';leaving'
/** A client that hears of no time keeps connections for 30 s. */
const longEnoughMs = 32_000

/** What a response says of lanes, as header lines. */
export interface LaneNotice {
  readonly lines: string
  /** What it says instead when its service is about to stop; undefined off a lane, where `connection: close` says so. */
  readonly whenLeaving: LaneNotice | undefined
}

/**
 * Compiles what the responses to calls of other services say: off a lane that there may be some, on a lane to which request
 * they are. Returns whether the request is such a call.
 *
 * Only they hear of it. They need none of the headers that tell browsers what to make of a page.
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
    response.removeHeader('connection') // Node would write one of its own, beside the one that is in the lines
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
