import type { Contract } from '../../contract/contract.ts'
import { errorFrom, type ErrorOrigin } from '../../contract/errorBody.ts'
import { byCode } from '../../contract/errorClass.ts'
import { BadGateway } from '../../contract/errors.ts'
import type { HttpError } from '../../contract/httpError.ts'
import { responseForm } from '../../contract/response.ts'
import { doNotRetry, type Answer } from './call.ts'

/** Compiles the reading of an operation's answers: the value, or the error as the class it was. */
export function compileDecoder(contract: Contract, name: string): (answer: Answer) => unknown {
  const { returns, errors = [] } = contract.operations[name]!
  const form = responseForm(contract.operations[name]!)
  const classes = byCode(errors)
  const standard = contract.envelope === 'standard'
  const operation = `${contract.name}.${name}`
  const broken = { headers: doNotRetry, operation }
  return (answer) => {
    const body = parseBody(answer)
    if (answer.status >= 400) throw remoteError(contract.name, { operation, classes }, answer, body)
    if (answer.status >= 300) throw new BadGateway(`${contract.name} answered with a redirect`, broken)
    if (!returns) return undefined
    if (!standard && body !== undefined) return body
    if (typeof body === 'object' && body !== null && 'data' in body) {
      return form.unwrap(body)
    }
    throw new BadGateway(`${contract.name} answered with something that is no answer`, broken)
  }
}

function remoteError(service: string, from: ErrorOrigin, { status, headers }: Answer, body: unknown): HttpError {
  const passed = passedOn(status, headers)
  const error = errorFrom(status, body, `${service} answered ${status}`, passed ? { ...from, headers: passed } : from)
  error.cause ??= new Error(`${from.operation} answered ${status} with code ${error.code}`)
  return error
}

/** What whoever gets to see the error has to know: not to multiply it, or how long to wait. */
function passedOn(status: number, headers: Answer['headers']): Readonly<Record<string, string>> | undefined {
  if (status >= 500) return doNotRetry
  const wait = headers['retry-after']
  return status === 429 && typeof wait === 'string' ? { 'retry-after': wait } : undefined
}

function parseBody({ body, status }: Answer): unknown {
  if (body === '' || status === 204) return undefined
  try {
    return JSON.parse(body.startsWith(byteOrderMark) ? body.slice(1) : body) as unknown
  } catch {
    return undefined
  }
}

/** RFC 8259, 8.1: who reads JSON may pass over it. */
const byteOrderMark = '\ufeff'
