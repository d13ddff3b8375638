import type { Contract } from '../contract/contract.ts'
import { HttpError } from '../contract/httpError.ts'
import type { AnyInput, Caller } from './call/call.ts'
import type { CompiledCall } from './boundClient.ts'
import type { CallOptions } from './types.ts'

/**
 * Returns the token of each call. If the service has rejected a token, the function is called with it, and returns another
 * one. The call is then retried once.
 */
export type TokenSource = (rejected?: string) => string | undefined | Promise<string | undefined>

type Send<Result> = (caller: Caller, input?: AnyInput, options?: CallOptions) => Promise<Result>

/** Adds a token to the calls of a client: in the header `authorization`, and never in a URL, which logs would keep. */
export class Tokens {
  readonly #source: TokenSource
  /** The last renewal: calls that were sent before it get its token when theirs is rejected. */
  #renewal: { readonly rejected: string; readonly token: Promise<string | undefined> } | undefined

  constructor(source: TokenSource) {
    this.#source = source
  }

  /** Wraps a call, so that it carries the token. Public operations get none. */
  wrap(contract: Contract, name: string, call: CompiledCall): CompiledCall {
    if (contract.operations[name]!.auth === 'public') return call
    const { run, raw, stream } = call
    return { ...call, run: this.#through(run), raw: this.#through(raw), stream: stream && this.#through(stream) }
  }

  #through<Result>(send: Send<Result>): Send<Result> {
    return async (caller, input, options) => {
      if (hasOwnToken(options)) return send(caller, input, options)
      const token = await this.#source()
      try {
        return await send(caller, input, withToken(token, options))
      } catch (error) {
        if (token === undefined || !(error instanceof HttpError) || error.status !== 401) throw error
        const renewed = await this.#renew(token)
        if (renewed === undefined || renewed === token) throw error
        return this.#retry(() => send(caller, input, withToken(renewed, options)))
      }
    }
  }

  /** Retries a call. A renewed token that is rejected, too, serves no further call. */
  async #retry<Result>(send: () => Promise<Result>): Promise<Result> {
    try {
      return await send()
    } catch (error) {
      this.#renewal = undefined
      throw error
    }
  }

  /** Asks for a new token, once for all calls whose token was rejected. */
  #renew(rejected: string): Promise<string | undefined> {
    if (this.#renewal?.rejected !== rejected) {
      const token = Promise.resolve(this.#source(rejected))
      token.then(
        (renewed) => renewed === rejected && (this.#renewal = undefined),
        () => (this.#renewal = undefined),
      )
      this.#renewal = { rejected, token }
    }
    return this.#renewal.token
  }
}

function hasOwnToken({ headers }: CallOptions = {}): boolean {
  return headers !== undefined && Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')
}

function withToken(token: string | undefined, options: CallOptions = {}): CallOptions {
  if (token === undefined) return options
  return { ...options, headers: { ...options.headers, authorization: `Bearer ${token}` } }
}
