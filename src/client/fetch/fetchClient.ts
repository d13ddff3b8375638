import { optionsProblem, describeValue, type Fields } from '../../config/rule.ts'
import { either, exactly, func, headerValues, number, oneOf, text } from '../../config/rules.ts'
import type { Contract } from '../../contract/contract.ts'
import { codes, GatewayTimeout, ServiceUnavailable } from '../../contract/errors.ts'
import { compileRequest, giveUpReason, isGivenUp, type Answer, type AnyInput, type Outgoing } from '../call/call.ts'
import { compileDecoder } from '../call/decode.ts'
import { addHeaders } from '../call/headers.ts'
import type { CallOptions, Client, RawResult } from '../types.ts'

/** Where a service is, for a caller that reaches it through one address. */
export interface FetchClientOptions {
  /** Start of the service's URLs, for example `https://api.example.com`. Default: where the page came from. */
  readonly url?: string
  /** Headers of every call, or what gives them, for example a token. */
  readonly headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>)
  /** Whether cookies are sent, and taken, also from another origin: `include`. Default: the platform's, `same-origin`. */
  readonly credentials?: 'omit' | 'same-origin' | 'include'
  /** Milliseconds until a call is given up. Default: the operation's own, else 5000. */
  readonly timeoutMs?: number
  /** Default: the platform's. */
  readonly fetch?: typeof fetch
}

/**
 * Calls a service's operations with `fetch`: in a browser, a worker, anywhere without Node. The types are those of the
 * contract, the errors its classes; balancing and retries are left to what is behind the address.
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
  const calls = Object.keys(contract.operations).map((name) => {
    const build = compileRequest(contract, name, { timeoutMs: options.timeoutMs })
    const decode = compileDecoder(contract, name)
    const answer = async (input?: AnyInput, callOptions?: CallOptions): Promise<Answer> =>
      send(contract.name, build({}, input, callOptions), callOptions, options)
    const call = async (input?: AnyInput, callOptions?: CallOptions): Promise<unknown> =>
      decode(await answer(input, callOptions))
    const raw = async (input?: AnyInput, callOptions?: CallOptions): Promise<RawResult> => {
      const { status, headers, body } = await answer(input, callOptions)
      return { status, headers, value: decode({ status, headers, body }) as RawResult['value'] }
    }
    return [name, Object.assign(call, { raw })]
  })
  return Object.fromEntries(calls) as Client<Callee>
}

const rules: Fields<FetchClientOptions> = {
  url: text('the start of a URL', /^/),
  headers: headerValues,
  credentials: oneOf(['omit', 'same-origin', 'include']),
  timeoutMs: either(number({ min: 1, unit: 'ms' }), exactly(Infinity)),
  fetch: func,
}

function checkOptions(contract: Contract, options: FetchClientOptions): void {
  if (typeof contract?.operations !== 'object')
    throw new TypeError(`fetchClient: expected a contract, got ${describeValue(contract)}`)
  const problem = optionsProblem(options, rules)
  if (problem) throw new TypeError(`fetchClient(${contract.name}): ${problem}`)
}

async function send(
  service: string,
  outgoing: Outgoing,
  { headers: ofCall }: CallOptions = {},
  { url = '', headers: own = {}, credentials, fetch = globalThis.fetch }: FetchClientOptions,
): Promise<Answer> {
  const { operation, method, path, headers, body, timeoutMs, signal } = outgoing
  const late = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}${path}`, {
      method,
      headers: headersOf(headers, typeof own === 'function' ? own() : own, ofCall),
      ...(credentials && { credentials }),
      body: body ?? null,
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, late]) : late,
    })
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
  } catch (cause) {
    if (isGivenUp(outgoing)) throw giveUpReason(outgoing)
    if (late.aborted) throw new GatewayTimeout(`${service} did not answer in time`, { cause, operation })
    throw new ServiceUnavailable(`${service} is unavailable`, { code: codes.calleeDown, cause, operation })
  }
}

/** Those of all calls come before those of one. */
function headersOf(
  headers: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
  ofCall: CallOptions['headers'] = {},
): Record<string, string> {
  const all = { ...headers }
  addHeaders(all, own)
  addHeaders(all, ofCall)
  return all
}
