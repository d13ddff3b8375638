import { accepts, serviceTokenHeader } from '../../contract/auth.ts'
import type { Contract } from '../../contract/contract.ts'
import { fileTypeOf } from '../../contract/file.ts'
import { queryOf } from '../../contract/response.ts'
import { parseRoute } from '../../contract/route.ts'
import { queryStyles } from '../../schema/query.ts'
import { shorter } from '../../time/deadline.ts'
import { longestTimerMs } from '../../time/longestTimer.ts'
import { callTemplate } from '../../trace/callSpan.ts'
import { recordOf } from '../../trace/recordOf.ts'
import type { CallOptions } from '../types.ts'
import type { AnyInput, Caller, OutgoingRequest, ResponseRead } from './call.ts'
import { checkCallOptions, checkInputParts } from './callOptions.ts'
import { addHeaders, headerName, headerValue } from './headers.ts'
import { compileInputDefaults } from './inputDefaults.ts'
import { compileBody } from './outgoingBody.ts'
import { fillPath, headerText, queryString } from './inputText.ts'

/** The default time limit of a call in milliseconds. gRPC and Finagle advise seconds instead of no limit. */
const defaultTimeoutMs = 5000

/** Options of all calls to an operation. */
export interface RequestOptions {
  readonly timeoutMs?: number | undefined
  /** The names of headers to pass on. */
  readonly forward?: readonly string[] | undefined
  /** Returns headers of all calls. */
  readonly headers?: (() => Readonly<Record<string, string>>) | undefined
  /** Returns the token by which the calling service identifies itself. */
  readonly serviceToken?: (() => string) | undefined
  /** Whether a file is read while it arrives. Default: when all of it has arrived. */
  readonly reads?: 'stream' | undefined
  /** Adds a header by which the callee learns which version of the operation this caller knows. */
  readonly notice?: ((headers: Record<string, string>) => void) | undefined
}

/**
 * Compiles an operation into a function that turns an input into a request.
 *
 * @throws {TypeError} when a time limit is not a positive number, or a header to forward cannot be forwarded
 */
export function compileRequest(
  contract: Contract,
  name: string,
  {
    timeoutMs: ownTimeoutMs,
    forward: forwarded = [],
    headers: common,
    serviceToken,
    notice,
    reads: how,
  }: RequestOptions = {},
): (caller: Caller, input?: AnyInput, options?: CallOptions) => OutgoingRequest {
  const operation = contract.operations[name]!
  const { external } = contract
  const { method, path } = parseRoute(operation.route)
  // text, name, text, name, …, text
  const pathParts = `${external?.path ?? ''}${path}`.replace(/\*$/, ':*').split(/:(\w+|\*)/)
  const fullName = `${contract.name}.${name}`
  const usualTimeoutMs = timeoutOf(fullName, ownTimeoutMs ?? operation.timeoutMs ?? defaultTimeoutMs)
  const forward = forwarded.map((header) => headerName(fullName, header))
  const form = { hasBody: operation.body !== undefined }
  const isForUser = accepts(operation, 'user')
  const ownToken = !external && accepts(operation, 'service') ? serviceToken : undefined
  const bodyOf = compileBody(fullName, operation)
  const complete = external && compileInputDefaults(operation)
  const reads: ResponseRead = fileTypeOf(operation.returns) === undefined ? 'text' : (how ?? 'file')
  const accept = reads === 'text' ? 'application/json' : '*/*'
  const styles = queryStyles(queryOf(operation) ?? {})
  const template = callTemplate(contract.name, name, method, path)

  return (caller, given = noInput, options = noOptions) => {
    checkInputParts(fullName, given, form)
    const input = complete ? complete(given) : given
    if (options !== noOptions) checkCallOptions(fullName, options)
    const ownMs = options.timeoutMs === undefined ? usualTimeoutMs : timeoutOf(fullName, options.timeoutMs)
    const timeoutMs = shorter(ownMs, caller.deadline?.remainingMs()) as number
    // The tokens of service and user, a trace and a deadline are for services of your own.
    const headers: Record<string, string> = external
      ? { accept }
      : { accept, 'x-request-timeout-ms': String(Math.floor(timeoutMs)), 'x-request-attempt': '0' }
    if (!external) {
      if (ownToken) headers[serviceTokenHeader] = ownToken()
      if (isForUser && caller.userAuthorization !== undefined) headers['authorization'] = caller.userAuthorization
      caller.propagate?.(headers)
      notice?.(headers)
    }
    if (common) addHeaders(fullName, headers, common())
    for (const header of forward) {
      const value = caller.received?.(header)
      if (value !== undefined) headers[header] = value
    }
    const parent = caller.span && recordOf(caller.span)
    const span = parent?.isRecorded ? parent.child(template) : undefined
    if (!external) parent?.trace.tracer.inject(span ?? parent, headers)
    const region = options.region ?? caller.region
    if (region !== undefined && !external) headers['x-region'] = headerValue(fullName, 'x-region', region)
    if (options.idempotencyKey !== undefined) {
      headers['idempotency-key'] = headerValue(fullName, 'idempotency-key', options.idempotencyKey)
    }
    if (input.headers) addInput(fullName, headers, input.headers)
    if (options.headers) addHeaders(fullName, headers, options.headers)
    const body = bodyOf?.(input.body)
    const content = body?.body
    if (body) headers['content-type'] = body.type
    const request = {
      operation: fullName,
      method,
      path: fillPath(fullName, pathParts, input.params) + queryString(input.query, styles),
      headers,
      body: typeof content === 'function' ? undefined : content,
      reads,
      timeoutMs,
      signal: options.signal,
      cancellation: caller.cancellation,
      region,
      hashKey: options.hashKey,
      span,
    }
    // A retry needs a new stream.
    return typeof content === 'function' ? Object.defineProperty(request, 'body', { get: content }) : request
  }
}

/** Limits a time to what a timer can wait: it fires at once after a longer one, `Infinity` included. */
function timeoutOf(operation: string, timeoutMs: number): number {
  if (timeoutMs > 0) return Math.min(timeoutMs, longestTimerMs)
  throw new TypeError(`${operation}: timeoutMs must be a positive number of milliseconds, got ${String(timeoutMs)}`)
}

/** Adds the headers of the contract. Their names are checked when it is defined. */
function addInput(operation: string, headers: Record<string, string>, input: Readonly<Record<string, unknown>>): void {
  for (const name in input) {
    const value = input[name]
    if (value !== undefined) headers[name] = headerValue(operation, name, headerText(operation, name, value))
  }
}

const noInput: AnyInput = {}
const noOptions: CallOptions = {}
