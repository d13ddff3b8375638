import type { Contract } from '../../contract/contract.ts'
import { parseRoute, type Method } from '../../contract/route.ts'
import type { Cancellation } from '../../resilience/cancellation.ts'
import { shorter, type Deadline } from '../../time/deadline.ts'
import { callShape } from '../../trace/callSpan.ts'
import type { Span } from '../../trace/span.ts'
import { recordOf } from '../../trace/recordOf.ts'
import type { SpanRecord } from '../../trace/spanRecord.ts'
import { addHeaders, headerName, headerValue } from './headers.ts'
import type { CallOptions, Client } from '../types.ts'

/** A call on its way out. */
export interface Outgoing {
  /** Its service and operation, like `role-service.getRole`. */
  readonly operation: string
  readonly method: Method
  /** Path and query, encoded. */
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | undefined
  /** Milliseconds until it is given up. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** Of the request that it is made for. */
  readonly cancellation: Cancellation | undefined
  /** Where it should go. */
  readonly region: string | undefined
  readonly hashKey: string | undefined
  /** The call's own span, when its trace is recorded. */
  readonly span: SpanRecord | undefined
}

/** What came back. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** Whose calls are made once, however often it runs. */
export interface KeyedCaller {
  /** Makes a call, with the key for it when the operation knows keys. */
  call<T>(operation: string, send: (key: string) => Promise<T>): Promise<T>
}

/** On whose behalf a call is made: the request that is being handled. */
export interface Caller {
  readonly deadline?: Deadline | undefined
  readonly cancellation?: Cancellation | undefined
  /** Where its calls go unless they say otherwise. */
  readonly region?: string | undefined
  /** What its calls are under. */
  readonly span?: Span | undefined
  /** Of a request that is handled once for its key. */
  readonly keyed?: KeyedCaller | undefined
  /** Adds what travels with a request, besides its trace: its id. */
  propagate?(headers: Record<string, string>): void
  /** A header that came with the request. */
  received?(name: string): string | undefined
}

/** What a caller may give an operation, before the types say which. */
export interface AnyInput {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

/** A class of client: compiled once for a contract, made anew for each caller for the price of one object. */
export type ClientClass<Callee extends Contract> = new (caller: Caller) => Client<Callee>

/** Calls wait this many milliseconds unless told otherwise. Source: gRPC and Finagle advise seconds, not none. */
const defaultTimeoutMs = 5000

/** Says in an answer whether the call may be made again: `false` from who has already retried what lies below it. */
export const shouldRetryHeader = 'x-should-retry'
/** Has been retried, or cannot be: whoever called the caller shall not multiply it. */
export const doNotRetry: Readonly<Record<string, string>> = { [shouldRetryHeader]: 'false' }

/** What a client says of all calls to an operation. */
export interface RequestOptions {
  readonly timeoutMs?: number | undefined
  /** Names of headers that are passed on. */
  readonly forward?: readonly string[] | undefined
}

/** Compiles an operation's input into a request. */
export function compileRequest(
  contract: Contract,
  name: string,
  { timeoutMs: ownTimeoutMs, forward: forwarded = [] }: RequestOptions = {},
): (caller: Caller, input?: AnyInput, options?: CallOptions) => Outgoing {
  const operation = contract.operations[name]!
  const { method, path } = parseRoute(operation.route)
  const pathParts = path.split(/:(\w+)/) // text, name, text, name, …, text
  const fullName = `${contract.name}.${name}`
  const usualTimeoutMs = timeoutOf(fullName, ownTimeoutMs ?? operation.timeoutMs ?? defaultTimeoutMs)
  const forward = forwarded.map(headerName)
  const hasBody = operation.body !== undefined
  const shape = callShape(contract.name, name, method, path)

  return (caller, input = {}, options = {}) => {
    const ownMs = options.timeoutMs === undefined ? usualTimeoutMs : timeoutOf(fullName, options.timeoutMs)
    const timeoutMs = shorter(ownMs, caller.deadline?.remainingMs()) as number
    const headers: Record<string, string> = {
      accept: 'application/json',
      'x-request-timeout-ms': String(Math.floor(timeoutMs)),
      'x-request-attempt': '0',
    }
    caller.propagate?.(headers)
    for (const header of forward) {
      const value = caller.received?.(header)
      if (value !== undefined) headers[header] = value
    }
    const parent = caller.span && recordOf(caller.span)
    const span = parent?.isRecorded ? parent.child(shape) : undefined
    parent?.trace.tracer.inject(span ?? parent, headers)
    const region = options.region ?? caller.region
    if (region !== undefined) headers['x-region'] = headerValue('x-region', region)
    if (options.idempotencyKey !== undefined) {
      headers['idempotency-key'] = headerValue('idempotency-key', options.idempotencyKey)
    }
    if (input.headers) addInput(headers, input.headers)
    if (options.headers) addHeaders(headers, options.headers)
    const body = hasBody ? JSON.stringify(input.body) : undefined
    if (body !== undefined) headers['content-type'] = 'application/json'
    return {
      operation: fullName,
      method,
      path: fillPath(pathParts, input.params) + queryString(input.query),
      headers,
      body,
      timeoutMs,
      signal: options.signal,
      cancellation: caller.cancellation,
      region,
      hashKey: options.hashKey,
      span,
    }
  }
}

/** Whether nobody waits for it any more. */
export function isGivenUp({ signal, cancellation }: Outgoing): boolean {
  return signal?.aborted === true || cancellation?.isOver === true
}

/**
 * What a call fails with that nobody waits for any more: as all else does that works for a request that is over, or as
 * `fetch` does when its own signal aborts.
 */
export function giveUpReason({ signal, cancellation }: Outgoing): unknown {
  return cancellation?.reason ?? signal?.reason
}

/** Twelve days, in milliseconds. A timer can wait for twice as long; what is longer, `Infinity` too, would end at once. */
const maxTimeoutMs = 2 ** 30

function timeoutOf(operation: string, timeoutMs: number): number {
  if (timeoutMs > 0) return Math.min(timeoutMs, maxTimeoutMs)
  throw new TypeError(`${operation}: timeoutMs must be a positive number of milliseconds, got ${String(timeoutMs)}`)
}

/** Those of the contract, whose names are checked when it is defined. */
function addInput(headers: Record<string, string>, given: Readonly<Record<string, unknown>>): void {
  for (const name in given)
    if (given[name] !== undefined) headers[name] = headerValue(name, headerText(name, given[name]))
}

function fillPath(parts: readonly string[], params: AnyInput['params'] = {}): string {
  let path = parts[0] as string
  for (let i = 1; i < parts.length; i += 2) {
    const value = params[parts[i] as string]
    if (value === undefined || value === '') throw new TypeError(`params.${parts[i]} is missing`)
    const text = textOf(value)
    // RFC 3986, 5.2.4: a step to another path. Proxies take it, and browsers do so even when it is encoded.
    if (text === '.' || text === '..') throw new TypeError(`params.${parts[i]} is "${text}", which no path can hold`)
    path += encodeURIComponent(text) + parts[i + 1]
  }
  return path
}

function queryString(query: AnyInput['query']): string {
  if (!query) return ''
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null) search.append(name, textOf(item))
    }
  }
  return search.size > 0 ? `?${search.toString()}` : ''
}

/** A header's value; a list as text with commas, as a contract's headers are read. */
function headerText(name: string, value: unknown): string {
  if (!Array.isArray(value)) return textOf(value)
  const items = value.map(textOf)
  if (items.some((item) => item.includes(','))) throw new TypeError(`headers.${name} is a list whose items hold commas`)
  return items.join(', ')
}

/** As JSON has it, without the quotes. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
