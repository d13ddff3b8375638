/**
 * The header by which a callee announces that its connections may be lanes. Its value is how many seconds an idle one stays
 * open.
 *
 * `connection` names the header, so that it is for this connection alone (RFC 9110, 7.6.1). A proxy removes it, or at least
 * writes its own `connection`. Otherwise the proxy would get the pipelined requests.
 */
export const lanesHeader = 'x-call-lanes'

/** Returns the headers that number a request on a lane. The response repeats the number, so no call gets another's response. */
export function numbered(sequence: number): string {
  return `connection: ${lanesHeader}\r\n${lanesHeader}: ${sequence}\r\n`
}

/** What a callee adds to the number of a response when it is about to stop. It handles what was sent, and wants no more. */
export const leaving = ';leaving'

/** Returns how long an idle lane may stay open, in milliseconds; undefined when the callee announces no lanes. */
export function announcedIdleMs(headers: Readonly<Record<string, string | string[] | undefined>>): number | undefined {
  const seconds = headers[lanesHeader]
  const { connection } = headers
  if (typeof seconds !== 'string' || typeof connection !== 'string' || !/^\d{1,5}$/.test(seconds)) return undefined
  const isNamed = connection.split(',').some((token) => token.trim().toLowerCase() === lanesHeader)
  return isNamed ? Number(seconds) * 1000 : undefined
}
