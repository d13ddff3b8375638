import type { FastifyRequest } from 'fastify'

/** Reads `x-request-timeout-ms`: milliseconds until the caller's deadline; undefined when there is none. */
export function remainingMsOf(request: FastifyRequest): number | undefined {
  const header = request.headers['x-request-timeout-ms']
  return typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) : undefined
}
