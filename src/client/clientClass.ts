import type { Contract } from '../contract/contract.ts'
import { HttpError } from '../contract/httpError.ts'
import { parseRoute } from '../contract/route.ts'
import { withCallSpan } from '../trace/callSpan.ts'
import { compileRequest, isGivenUp, type Answer, type AnyInput, type ClientClass, type Outgoing } from './call/call.ts'
import { compileDecoder } from './call/decode.ts'
import { Bound, type CompiledCall } from './bound.ts'
import { answerCheck } from './call/checkAnswer.ts'
import { observed, type CallObserver } from './observer.ts'
import { keyed } from './keyed.ts'
import { operationPolicy, type OperationPolicy } from './call/operationPolicy.ts'
import type { Target } from './target/target.ts'
import type { CallOptions, ClientOptions, OperationOptions, RawResult } from './types.ts'

/** Compiles a contract into a class whose methods are its operations. */
export function clientClass<Callee extends Contract>(
  contract: Callee,
  target: Target,
  options: ClientOptions = {},
  observer?: CallObserver,
): ClientClass<Callee> {
  class BoundClient extends Bound {}
  for (const name of Object.keys(contract.operations)) {
    const call = compileCall(contract, name, target, options, observer)
    Object.defineProperty(BoundClient.prototype, name, Bound.operation(keyed(contract, name, call)))
  }
  return BoundClient as unknown as ClientClass<Callee>
}

/** Compiles an operation into what calls it. */
function compileCall(
  contract: Contract,
  name: string,
  target: Target,
  options: ClientOptions,
  observer: CallObserver | undefined,
): CompiledCall {
  const policy = operationPolicy(contract, name, options)
  const build = compileRequest(contract, name, { timeoutMs: policy.timeoutMs, forward: options.forward })
  const send = compileSend(contract, name, target, policy, observer)
  const read = compileReader(contract, name, options)

  async function readOr(
    fallback: NonNullable<OperationOptions['fallback']>,
    outgoing: Outgoing,
    input: AnyInput = {},
    options?: CallOptions,
  ): Promise<unknown> {
    try {
      return await read(await send(outgoing, options))
    } catch (error) {
      if (!(error instanceof HttpError) || error.status < 500 || isGivenUp(outgoing)) throw error
      return fallback(error, input)
    }
  }

  return {
    async run(caller, input, options) {
      const outgoing = build(caller, input, options)
      const fallback = options?.fallback ?? policy.fallback
      return fallback ? readOr(fallback, outgoing, input, options) : read(await send(outgoing, options))
    },
    async raw(caller, input, options) {
      const answer = await send(build(caller, input, options), options)
      return { status: answer.status, headers: answer.headers, value: (await read(answer)) as RawResult['value'] }
    },
  }
}

/** Compiles the way of a request to its answer. */
function compileSend(
  contract: Contract,
  name: string,
  target: Target,
  policy: OperationPolicy,
  observer: CallObserver | undefined,
): (outgoing: Outgoing, options: CallOptions | undefined) => Promise<Answer> {
  const onEnd = observer?.ends(contract.name, name, parseRoute(contract.operations[name]!.route).method)
  return (outgoing, options) => {
    const answer = target.send(outgoing, policy, options)
    const traced = outgoing.span ? withCallSpan(outgoing.span, answer) : answer
    return onEnd ? observed(traced, onEnd, outgoing.span) : traced
  }
}

/** Compiles the reading of the value that an answer holds, checked when it is to be. */
function compileReader(
  contract: Contract,
  name: string,
  { checkResponses = process.env['NODE_ENV'] !== 'production' }: ClientOptions,
): (answer: Answer) => unknown {
  const decode = compileDecoder(contract, name)
  if (!checkResponses) return decode
  const check = answerCheck(contract, name)
  return (answer) => check(decode(answer))
}
