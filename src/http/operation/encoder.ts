import type { Envelope } from '../../contract/options.ts'
import type { Items, Operation } from '../../contract/operation.ts'
import type { Pagination } from '../../contract/responseForm.ts'
import { responseForm } from '../../contract/response.ts'
import type { FormName } from '../../contract/responseForm.ts'
import { jsonSchemaOf, t, type TSchema } from '../../schema/schema.ts'
import { compileCheck, firstProblem, type Check } from '../../schema/validator/check.ts'
import { asRead } from '../../schema/writer/rules.ts'
import { notJsonAt } from '../../schema/writer/values.ts'
import { compileWriter } from '../../schema/writer/writer.ts'

/** Thrown when a handler's result breaks its contract. The message names the field, never its value. */
class ResponseValidationError extends Error {
  override readonly name: string = 'ResponseValidationError'

  constructor(problem: string) {
    super(`what the handler returned breaks its contract: ${problem}`)
  }
}

/** Encodes a handler's result as the body of the response. */
export type Encoder = (value: unknown, query: unknown) => string

/**
 * Compiles an operation's encoder. Fields that `returns` does not name are not written.
 *
 * The encoder throws `ResponseValidationError` when the value does not match `returns`. It converts nothing.
 */
export function compileEncoder(operation: Operation, envelope: Envelope): Encoder {
  const { returns } = operation
  if (!returns) return envelope === 'standard' ? () => '{"code":0,"data":null}' : () => 'null'
  return compileForm[responseForm(operation).name](returns, envelope)
}

const compileForm: Readonly<Record<FormName, (returns: TSchema, envelope: Envelope) => Encoder>> = {
  single(returns, envelope) {
    const write = compileStrict(returns)
    return envelope === 'standard' ? (value) => `{"code":0,"data":${write(value)}}` : write
  },

  redirect: () => (location) => JSON.stringify(location),
  file: () => () => {
    throw new TypeError('a file is not encoded as JSON')
  },

  page(returns, envelope) {
    const isStandard = envelope === 'standard'
    const writeItems = compileStrict(t.Array(returns))
    return (value, query) => {
      const { items, total } = (value ?? {}) as Partial<Items<unknown>>
      if (items === undefined) throw new ResponseValidationError('it is paginated, return { items, total }')
      if (!isCount(total)) throw new ResponseValidationError('total must be integer')
      const { page, size } = query as Pagination
      const position = `"page":${page},"size":${size},"total":${total}`
      return isStandard
        ? `{"code":0,"data":${writeItems(items)},"pagination":{${position}}}`
        : `{"items":${writeItems(items)},${position}}`
    }
  },
}

function isCount(total: unknown): boolean {
  return (Number.isInteger(total) || typeof total === 'bigint') && (total as number) >= 0
}

function compileStrict(schema: TSchema): (value: unknown) => string {
  const write = compileWriter(jsonSchemaOf(schema))
  let check: Check | undefined
  return (value = null) => {
    let text: string | undefined
    let thrown: unknown
    try {
      text = write(value)
    } catch (error) {
      thrown = error // a getter or `toJSON` of the value, or it is too deep
    }
    if (text !== undefined) return text
    // A writer knows neither the field nor what was expected. The check does. It is compiled once.
    check ??= compileCheck(schema, 'any')
    throw new ResponseValidationError(problemOf(check, value, thrown))
  }
}

function problemOf(check: Check, value: unknown, thrown: unknown): string {
  try {
    const problems = check(asRead(value))
    if (problems) return firstProblem(problems)
    const found = notJsonAt(value)
    if (found) return `${found.path.join('.') || 'the value'} is ${found.what}, which JSON cannot hold`
  } catch {
    // the value cannot be JSON at all
  }
  return thrown instanceof Error ? thrown.message : 'it does not match'
}
