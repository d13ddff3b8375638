import type { FastifyRequest } from 'fastify'
import { identitiesOf } from '../../../auth/identity.ts'
import { Forbidden } from '../../../contract/errors.ts'
import { isThenable } from '../../request/thenable.ts'
import { denied } from './access.ts'
import type { Policy } from './options.ts'

/** The context of a request that a policy decides about. */
interface Guarded {
  readonly request: FastifyRequest
}

/** Puts the policy of an operation before its handler. Anything but `true` is a 403. */
export function guarded<Ctx extends Guarded>(
  name: string,
  policy: Policy | undefined,
  handler: (context: Ctx) => unknown,
): (context: Ctx) => unknown {
  if (!policy) return handler
  const rejection = new Forbidden(`the policy of ${name} does not allow it`)
  const settle = (context: Ctx, decision: unknown): unknown => {
    if (decision === true) return handler(context) // JavaScript may return anything, and a row is no permission
    const { request } = context
    throw denied(request, rejection, 'its policy', identitiesOf(request))
  }
  return (context) => {
    const decision = policy(context as never)
    return isThenable(decision) ? decision.then((settled) => settle(context, settled)) : settle(context, decision)
  }
}
