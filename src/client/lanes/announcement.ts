/**
 * How a callee says that its connections may be lanes: `x-call-lanes`, with the seconds that it keeps an idle one.
 *
 * `connection` names it, so that it is for this connection alone (RFC 9110, 7.6.1): a proxy takes it away, or at least writes a
 * `connection` of its own. Behind a proxy it would be the proxy who gets the pipelined requests.
 */
export const lanesHeader = 'x-call-lanes'

/**
 * What the request with this number says on a lane, and the response to it repeats: so no response is taken for another's,
 * whatever else has gone wrong.
 */
export function numbered(sequence: number): string {
  return `connection: ${lanesHeader}\r\n${lanesHeader}: ${sequence}\r\n`
}

/** What a response says behind its number when its callee is about to stop: it answers what it has been sent, and wants no more. */
export const leaving = ';leaving'

/** How long an idle lane may be kept, in milliseconds; undefined when there may be none. */
export function announcedIdleMs(headers: Readonly<Record<string, string | string[] | undefined>>): number | undefined {
  const seconds = headers[lanesHeader]
  const { connection } = headers
  if (typeof seconds !== 'string' || typeof connection !== 'string' || !/^\d{1,5}$/.test(seconds)) return undefined
  const isNamed = connection.split(',').some((token) => token.trim().toLowerCase() === lanesHeader)
  return isNamed ? Number(seconds) * 1000 : undefined
}
