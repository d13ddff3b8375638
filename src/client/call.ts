import type { Contract } from '../contract/contract.ts'
import { BadGateway, errorFrom, type HttpError } from '../contract/errors.ts'
import { parseRoute, type Method } from '../contract/route.ts'
import { shorter, type Deadline } from '../resilience/deadline.ts'
import type { Client, CallOptions } from './types.ts'

/** A call on its way out. */
export interface Outgoing {
  readonly service: string
  readonly operation: string
  readonly method: Method
  /** Path and query, encoded. */
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | undefined
  /** Milliseconds until it is given up. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** What came back. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** Carries a call to an instance and its answer back; rejects with an `HttpError` when it cannot. */
export type Transport = (outgoing: Outgoing) => Promise<Answer>

/** On whose behalf a call is made: the request that is being handled. */
export interface Caller {
  readonly requestId?: string
  readonly deadline?: Deadline | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a caller may give an operation, before the types say which. */
export interface AnyInput {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

/** Calls a client waits this many milliseconds unless told otherwise. Source: gRPC and Finagle advise seconds, not none. */
export const defaultTimeoutMs = 5000

const callerKey = Symbol('caller')

/** A class of client: compiled once for a contract, made anew for each caller for the price of one object. */
export type ClientClass<Callee extends Contract> = new (caller: Caller) => Client<Callee>

/** Compiles a contract into a class whose methods are its operations. */
export function clientClass<Callee extends Contract>(contract: Callee, transport: Transport): ClientClass<Callee> {
  class BoundClient {
    readonly [callerKey]: Caller
    constructor(caller: Caller) {
      this[callerKey] = caller
    }
  }
  for (const name of Object.keys(contract.operations)) {
    const build = compileRequest(contract, name)
    const decode = compileDecoder(contract, name)
    Object.defineProperty(BoundClient.prototype, name, {
      enumerable: true,
      async value(this: BoundClient, input?: AnyInput, options?: CallOptions): Promise<unknown> {
        return decode(await transport(build(this[callerKey], input, options)))
      },
    })
  }
  return BoundClient as unknown as ClientClass<Callee>
}

/** Compiles an operation's input into a request. */
export function compileRequest(
  contract: Contract,
  name: string,
): (caller: Caller, input?: AnyInput, options?: CallOptions) => Outgoing {
  const operation = contract.operations[name]!
  const { method, path } = parseRoute(operation.route)
  const pathParts = path.split(/:(\w+)/) // text, name, text, name, …, text

  return (caller, input = {}, options = {}) => {
    const timeoutMs = shorter(
      options.timeoutMs ?? operation.timeoutMs ?? defaultTimeoutMs,
      caller.deadline?.remainingMs(),
    ) as number
    const headers: Record<string, string> = {
      accept: 'application/json',
      'x-request-timeout-ms': String(Math.ceil(timeoutMs)),
      'x-request-attempt': '0',
    }
    if (caller.requestId !== undefined) headers['x-request-id'] = caller.requestId
    for (const [header, value] of Object.entries(input.headers ?? {})) {
      if (value !== undefined) headers[header] = String(value)
    }
    const body = operation.body && JSON.stringify(input.body)
    if (body !== undefined) headers['content-type'] = 'application/json'
    return {
      service: contract.name,
      operation: name,
      method,
      path: fillPath(pathParts, input.params) + queryString(input.query),
      headers,
      body,
      timeoutMs,
      signal: options.signal ?? caller.signal,
    }
  }
}

/** Compiles the reading of an operation's answers: the value, or the error as the class it was. */
export function compileDecoder(contract: Contract, name: string): (answer: Answer) => unknown {
  const { paginated, returns } = contract.operations[name]!
  const standard = contract.envelope === 'standard'
  return (answer) => {
    const body = parseBody(answer)
    if (answer.status >= 400) throw remoteError(contract.name, name, answer.status, body)
    if (!returns) return undefined
    if (!standard && body !== undefined) return body
    if (typeof body === 'object' && body !== null && 'data' in body) {
      return paginated ? { items: body.data, ...(body as { pagination?: object }).pagination } : body.data
    }
    throw new BadGateway(`${contract.name} answered with something that is no answer`)
  }
}

function remoteError(service: string, operation: string, status: number, body: unknown): HttpError {
  const error = errorFrom(status, body, `${service} answered ${status}`)
  error.cause ??= new Error(`${service}.${operation} answered ${status} with code ${error.code}`)
  return error
}

function parseBody({ body, status }: Answer): unknown {
  if (body === '' || status === 204) return undefined
  try {
    return JSON.parse(body) as unknown
  } catch {
    return undefined
  }
}

function fillPath(parts: readonly string[], params: AnyInput['params'] = {}): string {
  let path = parts[0] as string
  for (let i = 1; i < parts.length; i += 2) {
    const value = params[parts[i] as string]
    if (value === undefined || value === '') throw new TypeError(`params.${parts[i]} is missing`)
    path += encodeURIComponent(String(value)) + parts[i + 1]
  }
  return path
}

function queryString(query: AnyInput['query']): string {
  if (!query) return ''
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null) search.append(name, String(item))
    }
  }
  return search.size > 0 ? `?${search}` : ''
}
