import type { AnyInput } from '../client/call/call.ts'
import { bodyRuleOf, formFieldsOf } from '../contract/body.ts'
import type { Contract } from '../contract/contract.ts'
import { queryOf, responseForm } from '../contract/response.ts'
import type { ResponseForm } from '../contract/responseForm.ts'
import { successes, usualStatus } from '../contract/responses.ts'
import { jsonSchemaOf, t, type TProperties } from '../schema/schema.ts'
import { compileConvert, compileConvertFields, compileRead, convertData } from '../schema/standard/convert.ts'
import { jsonOf, objectSchema, propertiesOf } from '../schema/standard/json.ts'
import type { Schema, Schemas } from '../schema/standard/spec.ts'
import { compileCheck, firstProblem, type Check } from '../schema/validator/check.ts'
import { asJson } from '../schema/validator/json.ts'
import { compileWriter, type Write } from '../schema/writer/writer.ts'

/**
 * The error of a broken contract in a test, or of a call that the test has not mocked.
 *
 * @example await expect(app.client.getUser({ params: { id: 1 } })).rejects.toBeInstanceOf(TestFailure)
 */
export class TestFailure extends Error {
  override readonly name: string = 'TestFailure'
}

/**
 * Checks what a handler or a mock returns, and returns what the service makes of it. Without a status, one of the
 * contract's responses has to allow it.
 */
export type OutputCheck = (value: unknown, source: string, status?: number) => unknown

/** What a response makes of a value, or why it does not allow it. */
type Output = { readonly value: unknown } | { readonly problem: string }

/**
 * Compiles the check of what a handler or a mock returns. It must match the contract; fields that the encoder leaves out
 * are allowed.
 *
 * The check throws `TestFailure` with one line.
 */
export function compileOutputCheck({ name, operations }: Contract, key: string): OutputCheck {
  const operation = operations[key]!
  const form = responseForm(operation)
  const usual = usualStatus(operation)
  const outputs = new Map(
    [...successes(operation)].map(([status, returns]) => {
      const isUsual = status === usual
      if (!returns) return [status, (value: unknown) => (isUsual ? { value } : noData(value))] as const
      if (isUsual && form.name === 'file') return [status, (value: unknown) => inForm(form, value)] as const
      return [status, compileOutput(returns, isUsual ? form : responseForm({}))] as const
    }),
  )
  return (value, source, status) => {
    const output = outputs.get(status ?? usual)?.(value) ?? { value }
    if ('value' in output) return output.value
    const others = status === undefined ? [...outputs.values()].map((make) => make(value)) : []
    const other = others.find((one) => 'value' in one)
    if (other) return other.value
    throw new TestFailure(`${name}.${key}: ${source} returned what the contract does not allow: ${output.problem}`)
  }
}

function compileOutput(returns: Schema, form: ResponseForm): (value: unknown) => Output {
  const schema = form.output(jsonOf(returns, 'output'))
  const convert = compileConvert(returns)
  const write = compileWriter(jsonSchemaOf(schema))
  const check = compileCheck(schema, 'any')
  return (given) => {
    let problem = form.outputProblem(given)
    if (problem) return { problem }
    const make = (data: unknown): unknown => {
      const conversion = convertData(convert!, data)
      if (conversion.problems) problem ??= firstProblem(conversion.problems)
      return conversion.problems ? data : conversion.value
    }
    const value = convert ? form.map(given, make) : given
    if (problem === undefined && !isWritten(write, value)) problem = problemOf(check, value)
    return problem === undefined ? { value } : { problem }
  }
}

function noData(value: unknown): Output {
  return value === undefined || value === null ? { value } : { problem: 'the response has no data' }
}

/** Checks what is no JSON. */
function inForm(form: ResponseForm, value: unknown): Output {
  const problem = form.outputProblem(value)
  return problem === undefined ? { value } : { problem }
}

function isBytes(body: Schema): boolean {
  const { form } = bodyRuleOf(body)
  return form === 'raw' || form === 'upload' || form === 'multipart'
}

/** Whether a service could send the value. It writes some types that are not JSON, such as `Date`. */
function isWritten(write: Write, value: unknown): boolean {
  try {
    return write(value) !== undefined
  } catch {
    return false
  }
}

function problemOf(check: Check, value: unknown): string | undefined {
  const problems = check(asJson(value))
  return problems && firstProblem(problems)
}

/**
 * Compiles the check of an operation's input.
 *
 * The check throws `TestFailure` with one line.
 */
export function compileInputCheck({ name, operations }: Contract, key: string): (input: AnyInput) => void {
  const { params, headers, body } = operations[key]!
  const query = queryOf(operations[key]!)
  const parts: Partial<Record<keyof AnyInput, Check>> = {
    ...(params && { params: withOwn(params, compileCheck(objectSchema(params), 'only known')) }),
    ...(query && { query: withOwn(query, compileCheck(objectSchema(inputProperties(query)), 'only known')) }),
    ...(headers && { headers: withOwn(headers, compileCheck(objectSchema(inputProperties(headers)), 'any')) }),
    ...(body && !isBytes(body) && { body: compileBodyCheck(body) }),
  }
  return (input) => {
    for (const [part, check] of Object.entries(parts)) {
      const received = asJson(input[part as keyof AnyInput] ?? (part === 'body' ? null : {}))
      const problems = check(received)
      if (problems) throw new TestFailure(`${name}.${key} was called with invalid ${part}: ${firstProblem(problems)}`)
    }
  }
}

function compileBodyCheck(body: Schema): Check {
  const fields = formFieldsOf(body)
  if (bodyRuleOf(body).form === 'form') {
    return withOwn(fields, compileCheck(objectSchema(inputProperties(fields)), 'only known'))
  }
  const read = compileRead(body, compileCheck(body, 'only known'))
  return (value) => read(value).problems
}

/** Adds the checks of the schemas' own libraries. */
function withOwn(schemas: Schemas, check: Check): Check {
  const convert = compileConvertFields(schemas)
  return convert ? (values) => check(values) ?? convert(values) : check
}

/** The properties as a caller passes them: those with a default are optional. */
function inputProperties(schemas: Schemas): TProperties {
  return Object.fromEntries(
    Object.entries(propertiesOf(schemas)).map(([name, schema]) => [
      name,
      'default' in schema ? t.Optional(schema) : schema,
    ]),
  )
}
