import type { FastifyRequest } from 'fastify'

/** `x-request-timeout-ms`: milliseconds until the caller gives up; undefined when it did not say. */
export function remainingMsOf(request: FastifyRequest): number | undefined {
  const header = request.headers['x-request-timeout-ms']
  return typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) : undefined
}
