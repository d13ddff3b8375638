import { compileNextCheck } from './cursor.ts'
import { cureOf, gotInstead } from './gotInstead.ts'
import { cursorText } from '../../contract/cursor.ts'
import type { Envelope } from '../../contract/options.ts'
import type { CursorItems, Items, Operation } from '../../contract/operation.ts'
import type { CursorPagination, Pagination } from '../../contract/responseForm.ts'
import { responseForm } from '../../contract/response.ts'
import type { FormName } from '../../contract/responseForm.ts'
import { jsonSchemaOf, t, type TSchema } from '../../schema/schema.ts'
import { compileConvert, convertData, type Convert } from '../../schema/standard/convert.ts'
import { jsonOf } from '../../schema/standard/json.ts'
import type { Schema } from '../../schema/standard/spec.ts'
import { compileCheck, firstProblem, type Check } from '../../schema/validator/check.ts'
import { asRead, cycleAt, notJsonAt } from '../../schema/writer/values.ts'
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
  return compileForm[responseForm(operation).name](returns, envelope, operation)
}

const compileForm: Readonly<Record<FormName, (returns: Schema, envelope: Envelope, operation: Operation) => Encoder>> =
  {
    single(returns, envelope) {
      const strict = compileStrict(jsonOf(returns, 'output'))
      const convert = compileConvert(returns)
      const write = convert ? (value: unknown) => strict(converted(convert, value)) : strict
      return envelope === 'standard' ? (value) => `{"code":0,"data":${write(value)}}` : write
    },

    redirect: () => (location) => JSON.stringify(location),

    file: () => () => {
      throw new TypeError('a file is not encoded as JSON')
    },

    page(returns, envelope) {
      const isStandard = envelope === 'standard'
      const writeItems = compileItems(returns)
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

    cursor(returns, envelope, operation) {
      const isStandard = envelope === 'standard'
      const writeItems = compileItems(returns)
      const nextProblem = compileNextCheck(operation)
      return (value, query) => {
        const { items, next } = (value ?? {}) as Partial<CursorItems<unknown, unknown>>
        if (items === undefined) throw new ResponseValidationError('it is paginated by cursor, return { items, next }')
        const isLast = next === undefined || next === null
        const problem = isLast ? undefined : nextProblem(next)
        if (problem) throw new ResponseValidationError(problem)
        const { size } = query as CursorPagination
        const position = `"size":${size},"next":${isLast ? 'null' : `"${cursorText(next)}"`}`
        return isStandard
          ? `{"code":0,"data":${writeItems(items)},"pagination":{${position}}}`
          : `{"items":${writeItems(items)},${position}}`
      }
    },
  }

function compileItems(returns: Schema): (items: readonly unknown[]) => string {
  const write = compileStrict(t.Array(jsonOf(returns, 'output')))
  const convert = compileConvert(returns)
  return convert ? (items) => write(items.map((item) => converted(convert, item))) : write
}

/** Has a schema's own library make the data. */
function converted(convert: Convert, value: unknown): unknown {
  const conversion = convertData(convert, value)
  if (!conversion.problems) return conversion.value
  throw new ResponseValidationError(firstProblem(conversion.problems))
}

function isCount(total: unknown): boolean {
  const isInteger = Number.isSafeInteger(total) || typeof total === 'bigint'
  return isInteger && (total as number) >= 0 && (total as number) <= Number.MAX_SAFE_INTEGER
}

function compileStrict(schema: TSchema): (value: unknown) => string {
  const write = compileWriter(jsonSchemaOf(schema))
  let check: Check | undefined
  return (value) => {
    let text: string | undefined
    let thrown: unknown
    try {
      text = write(value === undefined ? null : value)
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
    const cycle = thrown instanceof RangeError && cycleAt(value)
    if (cycle)
      return `${cycle.path.join('.')} refers back to ${cycle.to.join('.') || 'the value'}, which JSON cannot hold`
    const problems = check(asRead(value))
    if (problems) return `${firstProblem(problems)}${gotInstead(value, problems[0]!)}`
    const found = notJsonAt(value)
    if (found)
      return `${found.path.join('.') || 'the value'} is ${found.what}, which JSON cannot hold${cureOf(found.what)}`
  } catch {
    // the value cannot be JSON at all
  }
  return thrown instanceof Error ? thrown.message : 'it does not match'
}
