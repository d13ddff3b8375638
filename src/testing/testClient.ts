import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { AnyInput } from '../client/call/call.ts'
import { compileRequest } from '../client/call/compileRequest.ts'
import type { OutgoingBody } from '../client/call/outgoingBody.ts'
import { compileDecoder } from '../client/call/decode.ts'
import type { CallOptions } from '../client/types.ts'
import type { Contract } from '../contract/contract.ts'
import { responseForm } from '../contract/response.ts'
import { withKnownNames } from './knownNames.ts'
import type { TestClient } from './types.ts'

/** Collects thrown errors by request ID, because a 500 does not contain its cause. */
export function errorsThrown(fastify: FastifyInstance): Map<unknown, Error> {
  const thrown = new Map<unknown, Error>()
  fastify.addHook('onError', (request, _reply, error, done) => {
    thrown.set(request.id, error)
    done()
  })
  return thrown
}

async function payloadOf(body: OutgoingBody): Promise<string | Buffer> {
  if (typeof body === 'string') return body
  return body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(await new Response(body).arrayBuffer())
}

/** Calls the operations of a service without a socket, with headers of the caller. The `cause` of a 5xx is what the handler threw. */
export function testClient<Tested extends Contract>(
  contract: Tested,
  inject: (request: InjectOptions) => Promise<LightMyRequestResponse>,
  thrown: Map<unknown, Error>,
  own: Readonly<Record<string, string>> = {},
): TestClient<Tested> {
  const caller = { propagate: (headers: Record<string, string>) => Object.assign(headers, own) }
  const calls = Object.entries(contract.operations).map(([name, operation]) => {
    const form = responseForm(operation)
    const build = compileRequest(contract, name)
    const decode = compileDecoder(contract, name)
    const call = async (input?: AnyInput, options?: CallOptions): Promise<unknown> => {
      const { method, path, headers, body, reads } = build(caller, input, options)
      const payload = body === undefined ? undefined : await payloadOf(body)
      const response = await inject({ method, url: path, headers, ...(payload !== undefined && { payload }) })
      const { statusCode: status, headers: received } = response
      if (status === 304) return { status, headers: received, data: undefined, pagination: undefined }
      let value: unknown
      try {
        value = decode({
          status,
          headers: received as Record<string, string>,
          body: response.body,
          ...(reads !== 'text' && status < 400 && { bytes: response.rawPayload }),
        })
      } catch (error) {
        const cause = status >= 500 ? thrown.get(received['x-request-id']) : undefined
        if (cause) (error as Error).cause = cause
        throw error
      }
      const isOther = operation.responses !== undefined && status in operation.responses
      return { status, headers: received, ...(isOther ? { data: value, pagination: undefined } : form.wrap(value)) }
    }
    return [name, call]
  })
  return withKnownNames(`${contract.name} has no operation`, Object.fromEntries(calls)) as TestClient<Tested>
}
