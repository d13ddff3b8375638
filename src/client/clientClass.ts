import type { Contract } from '../contract/contract.ts'
import { HttpError } from '../contract/errors.ts'
import { withCallSpan } from '../trace/callSpan.ts'
import {
  compileDecoder,
  compileRequest,
  isGivenUp,
  type Answer,
  type AnyInput,
  type Caller,
  type ClientClass,
  type Outgoing,
} from './call.ts'
import { answerCheck } from './checkAnswer.ts'
import { observed, type CallObserver } from './observer.ts'
import { operationPolicy, type OperationPolicy } from './operationPolicy.ts'
import type { Target } from './target.ts'
import type { CallOptions, ClientOptions, OperationOptions } from './types.ts'

const callerKey = Symbol('caller')

/** Compiles a contract into a class whose methods are its operations. */
export function clientClass<Callee extends Contract>(
  contract: Callee,
  target: Target,
  options: ClientOptions = {},
  observer?: CallObserver,
): ClientClass<Callee> {
  class BoundClient {
    readonly [callerKey]: Caller
    constructor(caller: Caller) {
      this[callerKey] = caller
    }
  }
  for (const name of Object.keys(contract.operations)) {
    const policy = operationPolicy(contract, name, options)
    const build = compileRequest(contract, name, policy.timeoutMs)
    const read = compileReader(contract, name, target, policy, options, observer)
    Object.defineProperty(BoundClient.prototype, name, {
      enumerable: true,
      async value(this: BoundClient, input?: AnyInput, options?: CallOptions): Promise<unknown> {
        const outgoing = build(this[callerKey], input, options)
        const fallback = options?.fallback ?? policy.fallback
        return fallback ? readOr(fallback, outgoing, input, options) : read(outgoing, options)
      },
    })

    async function readOr(
      fallback: NonNullable<OperationOptions['fallback']>,
      outgoing: Outgoing,
      input: AnyInput = {},
      options?: CallOptions,
    ): Promise<unknown> {
      try {
        return await read(outgoing, options)
      } catch (error) {
        if (!(error instanceof HttpError) || error.status < 500 || isGivenUp(outgoing)) throw error
        return fallback(error, input)
      }
    }
  }
  return BoundClient as unknown as ClientClass<Callee>
}

/** Compiles the way from a request to the value that its answer holds, checked when it is to be. */
function compileReader(
  contract: Contract,
  name: string,
  target: Target,
  policy: OperationPolicy,
  { checkAnswers = process.env['NODE_ENV'] !== 'production' }: ClientOptions,
  observer: CallObserver | undefined,
): (outgoing: Outgoing, options: CallOptions | undefined) => Promise<unknown> {
  const decode = compileDecoder(contract, name)
  const onEnd = observer?.ends(contract.name, name)
  const send = (outgoing: Outgoing, options: CallOptions | undefined): Promise<Answer> => {
    const answer = target.send(outgoing, policy, options)
    const traced = outgoing.span ? withCallSpan(outgoing.span, answer) : answer
    return onEnd ? observed(traced, onEnd, outgoing.span) : traced
  }
  if (!checkAnswers) return async (outgoing, options) => decode(await send(outgoing, options))
  const check = answerCheck(contract, name)
  return async (outgoing, options) => check(decode(await send(outgoing, options)))
}
