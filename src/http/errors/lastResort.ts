import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errorBody } from '../../contract/errorBody.ts'
import { ServerError } from '../../contract/errors.ts'
import { securityHeaders } from '../securityHeaders.ts'

/**
 * Answers 500 when the answer to an error fails as well, because a hook of a plugin throws on every answer. Fastify's own
 * way out would tell the caller what was thrown, in a format of its own.
 *
 * Fastify asks the error handlers of an instance one after the other, the newest first, so this one has to be set before
 * the server's. It warns of two on one instance, which is meant for those who lose one by mistake: hence the shadow.
 */
export function addLastResort(fastify: FastifyInstance): void {
  const shadow = Object.create(fastify) as FastifyInstance & Record<symbol, unknown>
  shadow.setErrorHandler(answer)
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

function answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  request.log.error({ status: 500, err: thrown }, 'failed, and so did the answer to it')
  const { raw } = reply.hijack()
  if (raw.headersSent) raw.destroy()
  else raw.writeHead(500, { ...headers, 'x-request-id': request.id }).end(body)
}
