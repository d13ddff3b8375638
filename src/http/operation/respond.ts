import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Contract } from '../../contract/contract.ts'
import { compileEncoder } from './encoder.ts'
import type { PreSerialization } from './preSerialization.ts'

/** Checks each result before it is written; throws when it breaks the contract. */
export type CheckResponse = (operation: string, value: unknown) => void

/** Responds to a request with a handler's result. */
export type Respond = (request: FastifyRequest, reply: FastifyReply, value: unknown) => unknown

/** Compiles how an operation responds: its status, its envelope, its serialiser. */
export function compileRespond(
  { operations, envelope }: Contract,
  name: string,
  preSerialization: PreSerialization,
  checkResponse: CheckResponse | undefined,
): Respond {
  const operation = operations[name]!
  const { status = 200 } = operation
  const hasBody = status !== 204 && status !== 205
  const encode = compileEncoder(operation, envelope)

  return (request, reply, value) => {
    if (reply.sent) return reply
    checkResponse?.(name, value)
    reply.statusCode = status
    if (!hasBody) return reply.send()
    reply.header('content-type', 'application/json; charset=utf-8')
    if (preSerialization.isWanted && typeof value === 'object' && value !== null) {
      // Fastify calls these hooks only for a payload that is not text yet.
      reply.serializer((shown: unknown) => encode(shown, request.query))
      return value
    }
    return encode(value, request.query)
  }
}
