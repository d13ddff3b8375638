import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatewayTimeout } from '../contract/errors.ts'
import type { Operation } from '../contract/operation.ts'
import { Deadline, shorter } from '../resilience/deadline.ts'
import { RequestContext, type Runtime } from './context.ts'
import { ambient } from '../trace/ambient.ts'

/** A handler, before the types say of what. */
export type AnyHandler = (context: RequestContext) => unknown

const none = new Deadline(Number.POSITIVE_INFINITY)

/** Puts a handler behind its deadline: the shorter of the operation's own and what remains to the caller. */
export function compileRun(
  name: string,
  { timeoutMs: own }: Operation,
  inner: AnyHandler,
  runtime: () => Runtime,
): (request: FastifyRequest, reply: FastifyReply) => unknown {
  const handler: AnyHandler = (context) =>
    ambient.isWanted ? ambient.run(context, () => inner(context)) : inner(context)
  return (request, reply) => {
    const timeoutMs = shorter(own, remainingMsOf(request))
    if (timeoutMs === undefined) return handler(new RequestContext(runtime(), name, request, reply, none))
    if (timeoutMs === 0) throw new GatewayTimeout('the deadline was past on arrival')
    const context = new RequestContext(runtime(), name, request, reply, Deadline.in(timeoutMs))
    return within(timeoutMs, context, handler)
  }
}

/** Answers 504 at the deadline, whatever the handler does; what it returns later is dropped. */
async function within(timeoutMs: number, context: RequestContext, handler: AnyHandler): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      context.expire()
      reject(new GatewayTimeout('the deadline is past'))
    }, timeoutMs)
  })
  try {
    return await Promise.race([handler(context), deadline])
  } finally {
    clearTimeout(timer)
  }
}

/** `x-request-timeout-ms`: milliseconds until the caller gives up; undefined when it did not say. */
export function remainingMsOf(request: FastifyRequest): number | undefined {
  const header = request.headers['x-request-timeout-ms']
  return typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) : undefined
}
