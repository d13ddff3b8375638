import type { Contract } from '../../contract/contract.ts'
import { codes, GatewayTimeout, ServiceUnavailable } from '../../contract/errors.ts'
import { compileDecoder, compileRequest, type AnyInput, type Outgoing } from '../call.ts'
import type { CallOptions, Client } from '../types.ts'

/** Where a service is, for a caller that reaches it through one address. */
export interface FetchClientOptions {
  /** Start of the service's URLs, for example `https://api.example.com`. Default: where the page came from. */
  readonly url?: string
  /** Headers of every call, or what gives them, for example a token. */
  readonly headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>)
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
  const calls = Object.keys(contract.operations).map((name) => {
    const build = compileRequest(contract, name, options.timeoutMs)
    const decode = compileDecoder(contract, name)
    const call = async (input?: AnyInput, callOptions?: CallOptions): Promise<unknown> =>
      decode(await send(contract.name, build({}, input, callOptions), options))
    return [name, call]
  })
  return Object.fromEntries(calls) as Client<Callee>
}

async function send(
  service: string,
  { operation, method, path, headers, body, timeoutMs, signal }: Outgoing,
  { url = '', headers: own = {}, fetch = globalThis.fetch }: FetchClientOptions,
): Promise<{ status: number; headers: Record<string, string>; body: string }> {
  const late = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}${path}`, {
      method,
      headers: { ...headers, ...(typeof own === 'function' ? own() : own) },
      body: body ?? null,
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, late]) : late,
    })
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
  } catch (cause) {
    if (signal?.aborted) throw new GatewayTimeout(`the call to ${service} was given up`, { cause, operation })
    if (late.aborted) throw new GatewayTimeout(`${service} did not answer in time`, { cause, operation })
    throw new ServiceUnavailable(`${service} is unavailable`, { code: codes.calleeDown, cause, operation })
  }
}
