import type { Contract } from '../../contract/contract.ts'
import { errorFrom, type ErrorOrigin } from '../../contract/errorBody.ts'
import { byCode } from '../../contract/errorClass.ts'
import { codes } from '../../contract/errors.ts'
import { BadGateway } from '../../contract/serverErrors.ts'
import { reasonOf, type HttpError } from '../../contract/httpError.ts'
import { responseForm } from '../../contract/response.ts'
import { successes } from '../../contract/responses.ts'
import { doNotRetry, type CallResponse } from './call.ts'

/** Compiles a function that returns the value of an operation's response, or throws its error in the error's class. */
export function compileDecoder(contract: Contract, name: string): (response: CallResponse) => unknown {
  const declared = contract.operations[name]!
  const { errors = [] } = declared
  const form = responseForm(declared)
  const data = successes(declared)
  const classes = byCode(errors)
  const standard = contract.envelope === 'standard'
  const operation = `${contract.name}.${name}`
  const invalid = ({ status }: CallResponse, problem: string): BadGateway =>
    new BadGateway(`${contract.name} responded with ${status}, but ${problem}`, { headers: doNotRetry, operation })
  return (response) => {
    const body = parseBody(response)
    if (contract.external && response.status >= 400) throw externalError(operation, classes, response, body)
    if (isMissingRoute(response, body)) throw invalid(response, missingRoute)
    if (response.status >= 400) throw remoteError(contract.name, { operation, classes }, response, body)
    const { status } = response
    if (form.name === 'redirect' && status >= 301 && status <= 308) return locationOf(response, invalid)
    if (status === 304 && !data.has(304)) throw invalid(response, 'only .raw() can return "not modified"')
    if (status >= 300 && !data.has(status)) throw invalid(response, 'calls follow no redirects')
    if (form.name === 'file' && response.bytes) return fileOf(response)
    const returns = data.has(status) ? data.get(status) : declared.returns
    if (!returns) return undefined
    if (!standard && body !== undefined) return body
    if (typeof body === 'object' && body !== null && 'data' in body) {
      return form.unwrap(body)
    }
    throw invalid(response, `its body is not ${standard ? '{"code":0,"data":…}' : 'JSON'}`)
  }
}

function fileOf({ bytes, headers }: CallResponse): Blob {
  const { 'content-type': type } = headers
  return new Blob([bytes as Uint8Array<ArrayBuffer>], typeof type === 'string' ? { type } : {})
}

function locationOf(response: CallResponse, invalid: (response: CallResponse, problem: string) => BadGateway): string {
  const { location } = response.headers
  if (typeof location !== 'string') throw invalid(response, 'it has no location')
  return location
}

const missingRoute = 'it does not have this route: it runs another release, or its address is that of another service'

/** Whether no handler ran, since the callee has no such operation. Its 404 is no result of the operation then. */
function isMissingRoute({ status, headers }: CallResponse, body: unknown): boolean {
  if (status === 404) return (body as { code?: unknown } | undefined)?.code === codes.noSuchRoute
  return status === 405 && headers['allow'] !== undefined
}

function remoteError(service: string, from: ErrorOrigin, response: CallResponse, body: unknown): HttpError {
  const { status } = response
  const passed = passedOn(response)
  const detail = `${service} responded with ${status}`
  const error = errorFrom(status, body, detail, passed ? { ...from, headers: passed } : from)
  error.cause ??= new Error(`${from.operation} responded with ${status} and code ${error.code}`)
  return error
}

/** An error that the operation declares has the body as its detail. Any other one is the fault of the API, not of a caller. */
function externalError(
  operation: string,
  classes: NonNullable<ErrorOrigin['classes']>,
  { status, body: text }: CallResponse,
  body: unknown = text,
): HttpError {
  const detail = `${operation.split('.')[0]} responded with ${status}`
  const cause = new Error(`${operation} responded with ${status}: ${text.slice(0, maxCauseLength)}`)
  if (!classes.has(status * 100)) return new BadGateway(detail, { headers: doNotRetry, operation, cause })
  const error = errorFrom(status, { code: status * 100, message: reasonOf(status), error: body }, detail, {
    operation,
    classes,
  })
  error.cause = cause
  return error
}

/** Characters of a foreign body in the log. */
const maxCauseLength = 500

/** Returns the headers that travel on with the error: not to retry it, or how long to wait. */
function passedOn({ status, headers }: CallResponse): Readonly<Record<string, string>> | undefined {
  if (status >= 500) return doNotRetry
  const wait = headers['retry-after']
  return status === 429 && typeof wait === 'string' ? { 'retry-after': wait } : undefined
}

function parseBody({ body, status }: CallResponse): unknown {
  if (body === '' || status === 204) return undefined
  try {
    return JSON.parse(body.startsWith(byteOrderMark) ? body.slice(1) : body) as unknown
  } catch {
    return undefined
  }
}

/** RFC 8259, 8.1: a parser may ignore it. */
const byteOrderMark = '\ufeff'
