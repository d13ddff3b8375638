import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errorBody } from '../../contract/errorBody.ts'
import { ServerError } from '../../contract/serverErrors.ts'
import { securityHeaders } from '../securityHeaders.ts'

/**
 * Responds with 500 when the response to an error fails too, because a plugin's hook throws at every response. Fastify's own
 * fallback would show the caller what was thrown, in another format.
 *
 * Fastify calls the error handlers of an instance in turn, the newest first, so this one has to be set before the server's.
 * Fastify warns about two handlers of one instance, in case one replaces the other by mistake. The shadow avoids that.
 */
export function addErrorFallback(fastify: FastifyInstance): void {
  const shadow = Object.create(fastify) as FastifyInstance & Record<symbol, unknown>
  shadow.setErrorHandler(sendFallback)
  for (const key of Object.getOwnPropertySymbols(shadow)) {
    const value = shadow[key]
    if (typeof value === 'object') Object.assign(fastify, { [key]: value })
  }
}

const body = JSON.stringify(errorBody(new ServerError()))
const headers = {
  ...securityHeaders,
  'content-type': 'application/json; charset=utf-8',
  'content-length': Buffer.byteLength(body),
}

function sendFallback(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  request.log.error({ status: 500, err: thrown }, 'failed, and the response to the error failed too')
  const { raw } = reply.hijack()
  if (raw.headersSent) raw.destroy()
  else raw.writeHead(500, { ...headers, 'x-request-id': request.id }).end(body)
}
