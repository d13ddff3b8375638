import { describeValue } from '../schema/describeValue.ts'
import { kindOf } from './errorClass.ts'
import type { ErrorClass } from './httpError.ts'
import { priorities, type Operation } from './operation.ts'
import { rateLimitProblem } from './rateLimit.ts'
import { timeoutProblem } from './timeout.ts'

/** Returns what is wrong with the values of an operation that are no schemas. */
export function valueProblem(operation: Operation): string | undefined {
  const { route, status, errors, timeoutMs, returns, idempotent, rateLimit, priority, internal } = operation
  const { paginated, cursor } = operation
  if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 299)) {
    return `status must be an integer from 200 to 299, got ${describeValue(status)}`
  }
  if (paginated !== undefined && typeof paginated !== 'boolean' && paginated !== 'cursor') {
    return `paginated must be true, false or 'cursor', got ${describeValue(paginated)}`
  }
  if (cursor !== undefined && paginated !== 'cursor') return `cursor needs paginated: 'cursor'`
  if ((status === 204 || status === 205) && returns) {
    return `status ${status} cannot have a body: remove returns, or use another status`
  }
  if (errors !== undefined && !Array.isArray(errors)) {
    return `errors must be a list of error classes like [NotFound], got ${describeValue(errors)}`
  }
  const wrongError = errors && errorsProblem(errors)
  if (wrongError) return wrongError
  const wrongTimeout = timeoutProblem(timeoutMs)
  if (wrongTimeout) return wrongTimeout
  if (priority !== undefined && !priorities.includes(priority)) {
    return `priority must be one of ${priorities.join(', ')}, got ${describeValue(priority)}`
  }
  if (internal !== undefined && typeof internal !== 'boolean') {
    return `internal must be true or false, got ${describeValue(internal)}`
  }
  if (idempotent !== undefined && typeof idempotent !== 'boolean' && idempotent !== 'by key') {
    return `idempotent must be true, false or 'by key', got ${describeValue(idempotent)}`
  }
  if (idempotent === 'by key' && route.startsWith('GET ')) return `a GET needs no key, remove idempotent: 'by key'`
  return rateLimit && rateLimitProblem(rateLimit)
}

function errorsProblem(errors: readonly ErrorClass[]): string | undefined {
  const known = new Map<number, { readonly at: number; readonly errorClass: ErrorClass }>()
  for (const [i, errorClass] of errors.entries()) {
    try {
      const { status, code } = kindOf(errorClass)
      if (!(status >= 400 && status <= 599)) return `errors[${i}]: its status must be 400 to 599, got ${status}`
      if (Math.trunc(code / 100) !== status) {
        const usual = status * 100
        return `errors[${i}]: code ${code} does not belong to status ${status}: use ${usual} to ${usual + 99}`
      }
      if (code % 100 > 0 && code % 100 < 10) {
        return `errors[${i}]: code ${code} is reserved for tricube: use ${status * 100 + 10} to ${status * 100 + 99}`
      }
      const other = known.get(code)
      if (other && other.errorClass !== errorClass) {
        const own = `${status * 100 + 10} to ${status * 100 + 99}`
        return `errors[${i}]: ${errorClass.name} has the code ${code} of errors[${other.at}], ${other.errorClass.name}: give one of them a static code from ${own}`
      }
      known.set(code, { at: i, errorClass })
    } catch (error) {
      return `errors[${i}] ${(error as Error).message}`
    }
  }
  return undefined
}
