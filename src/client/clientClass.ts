import type { Contract } from '../contract/contract.ts'
import { fileTypeOf } from '../contract/file.ts'
import { HttpError } from '../contract/httpError.ts'
import { parseRoute } from '../contract/route.ts'
import { withCallSpan } from '../trace/callSpan.ts'
import { BoundClient, type CompiledCall } from './boundClient.ts'
import { isCancelled, type AnyInput, type CallResponse, type ClientClass, type OutgoingRequest } from './call/call.ts'
import { responseCheck } from './call/checkResponse.ts'
import { compileRequest } from './call/compileRequest.ts'
import { compileContractNotice } from './call/contractNotice.ts'
import { compileDecoder } from './call/decode.ts'
import { compileRaw, compileStreamed } from './call/rawResponse.ts'
import { operationPolicy, type OperationPolicy } from './call/operationPolicy.ts'
import { keyed } from './keyed.ts'
import { observed, type CallObserver } from './observer.ts'
import type { Target } from './target/target.ts'
import { Tokens, type TokenSource } from './token.ts'
import type { CallOptions, ClientOptions, OperationOptions } from './types.ts'

/** The options of a client, with what only the code that makes it knows. */
export interface CompiledOptions extends ClientOptions {
  readonly token?: TokenSource | undefined
  /** Returns the token by which the calling service identifies itself. Operations that ask for a service get it. */
  readonly serviceToken?: (() => string) | undefined
  /** Returns headers of all calls. */
  readonly commonHeaders?: (() => Readonly<Record<string, string>>) | undefined
  /** The name of the service that calls. */
  readonly caller?: string | undefined
}

/** Compiles a contract into a class whose methods are its operations. */
export function clientClass<Callee extends Contract>(
  contract: Callee,
  target: Target,
  options: CompiledOptions = {},
  observer?: CallObserver,
): ClientClass<Callee> {
  class ContractClient extends BoundClient {}
  const tokens = options.token && new Tokens(options.token)
  for (const name of Object.keys(contract.operations)) {
    const call = compileCall(contract, name, target, options, observer)
    const authorized = tokens?.wrap(contract, name, call) ?? call
    Object.defineProperty(ContractClient.prototype, name, BoundClient.operation(keyed(contract, name, authorized)))
  }
  return ContractClient as unknown as ClientClass<Callee>
}

/** Compiles an operation into the functions that call it. */
function compileCall(
  contract: Contract,
  name: string,
  target: Target,
  options: CompiledOptions,
  observer: CallObserver | undefined,
): CompiledCall {
  const policy = operationPolicy(contract, name, options)
  const requestOptions = {
    timeoutMs: policy.timeoutMs,
    forward: options.forward,
    headers: options.commonHeaders,
    serviceToken: options.serviceToken,
    notice: compileContractNotice(contract, name, options.caller),
  }
  const build = compileRequest(contract, name, requestOptions)
  const send = compileSend(contract, name, target, policy, observer)
  const read = compileReader(contract, name, options)
  const raw = compileRaw(contract.operations[name]!, read)

  async function readOr(
    fallback: NonNullable<OperationOptions['fallback']>,
    request: OutgoingRequest,
    input: AnyInput = {},
    options?: CallOptions,
  ): Promise<unknown> {
    try {
      return await read(await send(request, options))
    } catch (error) {
      if (!(error instanceof HttpError) || error.status < 500 || isCancelled(request)) throw error
      return fallback(error, input)
    }
  }

  function compileStream(): CompiledCall['stream'] {
    const buildStream = compileRequest(contract, name, { ...requestOptions, reads: 'stream' })
    const streamed = compileStreamed(read)
    return async (caller, input, options) => streamed(await send(buildStream(caller, input, options), options))
  }

  return {
    stream: fileTypeOf(contract.operations[name]!.returns) === undefined ? undefined : compileStream(),
    hasCursor: contract.operations[name]!.paginated === 'cursor',
    async run(caller, input, options) {
      const request = build(caller, input, options)
      const fallback = options?.fallback ?? policy.fallback
      return fallback ? readOr(fallback, request, input, options) : read(await send(request, options))
    },
    async raw(caller, input, options) {
      return raw(await send(build(caller, input, options), options))
    },
  }
}

/** Compiles a function that sends a request, ends its span and records its duration. */
function compileSend(
  contract: Contract,
  name: string,
  target: Target,
  policy: OperationPolicy,
  observer: CallObserver | undefined,
): (request: OutgoingRequest, options: CallOptions | undefined) => Promise<CallResponse> {
  const onEnd = observer?.ends(contract.name, name, parseRoute(contract.operations[name]!.route).method)
  return (request, options) => {
    const response = target.send(request, policy, options)
    const traced = request.span ? withCallSpan(request.span, response) : response
    return onEnd ? observed(traced, onEnd, request.span) : traced
  }
}

/** Compiles a function that returns the value of a response, and checks it when `checkResponses` is set. */
function compileReader(
  contract: Contract,
  name: string,
  { checkResponses = process.env['NODE_ENV'] !== 'production' }: ClientOptions,
): (response: CallResponse) => unknown {
  const decode = compileDecoder(contract, name)
  if (!checkResponses) return decode
  const check = responseCheck(contract, name)
  return (response) => check(decode(response), response.status)
}
