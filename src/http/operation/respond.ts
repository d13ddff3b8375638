import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasBody } from '../../contract/responses.ts'
import type { PreSerialization } from './preSerialization.ts'
import type { ResponseSpec } from './responseSpec.ts'

/** Checks each result before it is written; throws when it breaks the contract. Default of `status`: the usual one. */
export type CheckResponse = (operation: string, value: unknown, status?: number) => void

/** Responds to a request with a handler's result. */
export type Respond = (request: FastifyRequest, reply: FastifyReply, value: unknown) => unknown

/** What a `Respond` is compiled from, besides the contract. */
export interface RespondParts {
  readonly spec: ResponseSpec
  readonly preSerialization: PreSerialization
  readonly checkResponse: CheckResponse | undefined
}

/** Compiles how an operation responds: its status, its envelope, its serialiser. */
export function compileRespond(
  name: string,
  { spec: { usual: status, encoders }, preSerialization, checkResponse }: RespondParts,
): Respond {
  const isWritten = hasBody(status)
  const encode = encoders.get(status)!

  return (request, reply, value) => {
    if (reply.sent) return reply
    checkResponse?.(name, value)
    reply.statusCode = status
    if (!isWritten) return reply.send()
    reply.header('content-type', 'application/json; charset=utf-8')
    if (preSerialization.isWanted && typeof value === 'object' && value !== null) {
      // Fastify calls these hooks only for a payload that is not text yet.
      reply.serializer((shown: unknown) => encode(shown, request.query))
      return value
    }
    return encode(value, request.query)
  }
}
