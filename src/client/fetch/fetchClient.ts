import { optionsProblem, type Fields } from '../../config/rule.ts'
import { describeValue } from '../../schema/describeValue.ts'
import { func, headerValues, oneOf, text } from '../../config/rules.ts'
import type { Contract } from '../../contract/contract.ts'
import { codes } from '../../contract/errors.ts'
import { BadGateway, GatewayTimeout, ServiceUnavailable } from '../../contract/serverErrors.ts'
import { fileTypeOf } from '../../contract/file.ts'
import { redirectOf } from '../../contract/redirect.ts'
import type { CompiledCall } from '../boundClient.ts'
import { cancelReason, isCancelled, type AnyInput, type CallResponse, type OutgoingRequest } from '../call/call.ts'
import { allItems } from '../allItems.ts'
import { compileRequest } from '../call/compileRequest.ts'
import { compileDecoder } from '../call/decode.ts'
import { addHeaders } from '../call/headers.ts'
import { compileRaw, compileStreamed } from '../call/rawResponse.ts'
import { Tokens, type TokenSource } from '../token.ts'
import type { CallOptions, Client } from '../types.ts'
import { limitedStream } from './limitedStream.ts'

/** Options of `fetchClient`. */
export interface FetchClientOptions {
  /** The start of the service's URLs, such as `https://api.example.com`. Default: the origin of the page. */
  readonly url?: string
  /** Headers of all calls, or a function that returns them for each call, for example with a token. */
  readonly headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>)
  /** Returns the token of each call. After a 401 it is asked once for another one. */
  readonly token?: TokenSource
  /** When cookies are sent and accepted. `include` does so for another origin too. Default: `same-origin`. */
  readonly credentials?: 'omit' | 'same-origin' | 'include'
  /** The time limit of a call in milliseconds. Default: the `timeoutMs` of the operation, or 5000. */
  readonly timeoutMs?: number
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch
}

/**
 * Returns a client that calls a service with `fetch`, in a browser, in a worker or anywhere without Node.
 *
 * Types and error classes are those of the contract. Balancing and retries are left to the server behind the address.
 *
 * @throws {TypeError} when an option is unknown or has an invalid value
 *
 * @example
 * const users = fetchClient(userService, { url: 'https://api.example.com' })
 * const user = await users.getUser({ params: { id: 1 } })
 */
export function fetchClient<Callee extends Contract>(
  contract: Callee,
  options: FetchClientOptions = {},
): Client<Callee> {
  checkOptions(contract, options)
  const tokens = options.token && new Tokens(options.token)
  const calls = Object.entries(contract.operations).map(([name, operation]) => {
    const { timeoutMs } = options
    const build = compileRequest(contract, name, { timeoutMs })
    const decode = compileDecoder(contract, name)
    const redirect = redirectOf(operation.returns) ? 'manual' : 'error'
    const responder =
      (make: typeof build) =>
      async (input?: AnyInput, callOptions?: CallOptions): Promise<CallResponse> =>
        send(contract.name, make({}, input, callOptions), { ...options, of: callOptions, redirect })
    const respond = responder(build)
    const rawOf = compileRaw(operation, decode)
    const hasFile = fileTypeOf(operation.returns) !== undefined
    const respondStream = hasFile && responder(compileRequest(contract, name, { timeoutMs, reads: 'stream' }))
    const streamed = compileStreamed(decode)
    const sent: CompiledCall = {
      hasCursor: operation.paginated === 'cursor',
      run: async (_caller, input, callOptions) => decode(await respond(input, callOptions)),
      raw: async (_caller, input, callOptions) => rawOf(await respond(input, callOptions)),
      stream: respondStream
        ? async (_caller, input, callOptions) => streamed(await respondStream(input, callOptions))
        : undefined,
    }
    const { run, raw, stream, hasCursor } = tokens?.wrap(contract, name, sent) ?? sent
    const call = (input?: AnyInput, callOptions?: CallOptions): Promise<unknown> => run({}, input, callOptions)
    const all = (input?: AnyInput, callOptions?: CallOptions): AsyncIterable<unknown> =>
      allItems(call, input, callOptions)
    return [
      name,
      Object.assign(call, {
        raw: (input?: AnyInput, callOptions?: CallOptions) => raw({}, input, callOptions),
        ...(stream && { stream: (input?: AnyInput, callOptions?: CallOptions) => stream({}, input, callOptions) }),
        ...(hasCursor && { all }),
      }),
    ]
  })
  return Object.fromEntries(calls) as Client<Callee>
}

const rules: Fields<FetchClientOptions> = {
  url: text('the start of a URL', /^/),
  headers: headerValues,
  token: func,
  credentials: oneOf(['omit', 'same-origin', 'include']),
  timeoutMs: {
    expected: 'a number of milliseconds from 1, or Infinity',
    accepts: (value) => typeof value === 'number' && value >= 1, // beyond a timer, it is limited to 24.8 days
  },
  fetch: func,
}

function checkOptions(contract: Contract, options: FetchClientOptions): void {
  if (typeof contract?.operations !== 'object')
    throw new TypeError(`fetchClient: expected a contract, got ${describeValue(contract)}`)
  const problem = optionsProblem(options, rules)
  if (problem) throw new TypeError(`fetchClient(${contract.name}): ${problem}`)
}

/** Options of one request. */
interface SendOptions extends FetchClientOptions {
  readonly of: CallOptions | undefined
  readonly redirect: 'manual' | 'error'
}

async function send(
  service: string,
  request: OutgoingRequest,
  { url = '', headers: own = {}, credentials, fetch = globalThis.fetch, of = {}, redirect }: SendOptions,
): Promise<CallResponse> {
  const { operation, method, path, body, reads, timeoutMs, signal } = request
  const sent = headersOf(request, typeof own === 'function' ? own() : own, of.headers)
  const time = new AbortController()
  const late = (): GatewayTimeout =>
    new GatewayTimeout(`${service} did not respond within ${Math.round(timeoutMs)} ms`, { operation })
  const timer = setTimeout(() => time.abort(late()), timeoutMs)
  const errorOf = (cause: unknown): unknown => {
    if (isCancelled(request)) return cancelReason(request)
    if (cause instanceof BadGateway) return cause
    if (time.signal.aborted) return time.signal.reason
    return new ServiceUnavailable(`${service} is unavailable`, { code: codes.calleeDown, cause, operation })
  }
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}${path}`, {
      method,
      headers: sent,
      ...(credentials && { credentials }),
      body: (body ?? null) as NonNullable<RequestInit['body']> | null,
      ...(body instanceof ReadableStream && { duplex: 'half' }),
      redirect,
      signal: signal ? AbortSignal.any([signal, time.signal]) : time.signal,
    })
    if (response.type === 'opaqueredirect') throw hiddenRedirect(operation)
    const { status, ok } = response
    const all = Object.fromEntries(response.headers)
    if (reads === 'stream' && ok && response.body) {
      const abort = (reason: Error): void => time.abort(reason)
      const stream = limitedStream(response.body, { timeoutMs, abort, late, broken: errorOf })
      return { status, headers: all, body: '', stream }
    }
    if (reads === 'text' || status >= 400) return { status, headers: all, body: await response.text() }
    return { status, headers: all, body: '', bytes: new Uint8Array(await response.arrayBuffer()) }
  } catch (cause) {
    throw errorOf(cause)
  } finally {
    clearTimeout(timer)
  }
}

function hiddenRedirect(operation: string): BadGateway {
  return new BadGateway('a browser does not tell a page where a redirect leads: open the URL instead', { operation })
}

/** Returns all headers of a call. Those of the call replace those of the client. */
function headersOf(
  { operation, headers }: OutgoingRequest,
  own: Readonly<Record<string, string>>,
  ofCall: CallOptions['headers'] = {},
): Record<string, string> {
  const all = { ...headers }
  addHeaders(operation, all, own)
  addHeaders(operation, all, ofCall)
  return all
}
