import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatewayTimeout } from '../../contract/serverErrors.ts'
import { remainingMsOf } from '../../http/remaining.ts'
import { Deadline, shorter } from '../../time/deadline.ts'
import { inTime } from '../../time/timeout.ts'
import { ambient } from '../../trace/ambient.ts'
import { guarded } from '../parts/auth/policy.ts'
import { fold } from './around.ts'
import type { ContextClass, RequestContext } from './requestContext.ts'
import type { Definition } from '../definition/definition.ts'
import type { KeyedHandler } from '../parts/idempotency/handler.ts'
import type { Idempotency } from '../parts/idempotency/idempotency.ts'

const none = new Deadline(Number.POSITIVE_INFINITY)

/** Adds a deadline to a handler: the shorter of the operation's own and the caller's remaining time. */
export function compileHandler(
  definition: Definition,
  name: string,
  { Context, idempotency }: { readonly Context: ContextClass; readonly idempotency: Idempotency },
): (request: FastifyRequest, reply: FastifyReply) => unknown {
  const { contract, handlers } = definition
  const { timeoutMs: own } = contract.operations[name]!
  const folded = fold<RequestContext>(definition, name, idempotency.wrap(name, handlers[name] as KeyedHandler))
  const inner = guarded(name, definition.policies?.[name], folded)
  const handler = (context: RequestContext): unknown => {
    const value = ambient.isWanted ? ambient.run(context, () => inner(context)) : inner(context)
    context.handled(value)
    return value
  }
  return (request, reply) => {
    const timeoutMs = shorter(own, remainingMsOf(request))
    if (timeoutMs === undefined) return handler(new Context(name, request, reply, none))
    if (timeoutMs === 0) throw new GatewayTimeout('the deadline was past on arrival')
    const context = new Context(name, request, reply, Deadline.in(timeoutMs))
    return inTime(timeoutMs, handler, context, expired)
  }
}

/** Ends the request at its deadline, even if the handler is still running. */
function expired(context: RequestContext): Error {
  return context.expire()
}
