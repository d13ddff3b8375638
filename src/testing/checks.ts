import type { AnyInput } from '../client/call/call.ts'
import { bodyRuleOf } from '../contract/body.ts'
import type { Contract } from '../contract/contract.ts'
import { queryOf, responseForm } from '../contract/response.ts'
import { successes, usualStatus } from '../contract/responses.ts'
import { jsonSchemaOf, objectSchema, t, type TProperties, type TSchema } from '../schema/schema.ts'
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

/** Checks what a handler or a mock returns. Without a status, one of the contract's responses has to allow it. */
export type OutputCheck = (value: unknown, source: string, status?: number) => void

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
  const problems = new Map(
    [...successes(operation)].map(([status, returns]) => {
      if (!returns) return [status, (value: unknown) => (status === usual ? undefined : dataProblem(value))] as const
      if (status === usual && form.name === 'file') return [status, form.outputProblem] as const
      const schema = status === usual ? form.output(returns) : returns
      const write = compileWriter(jsonSchemaOf(schema))
      const check = compileCheck(schema, 'any')
      const inForm = status === usual ? form.outputProblem : () => undefined
      const find = (value: unknown): string | undefined =>
        inForm(value) ?? (isWritten(write, value) ? undefined : problemOf(check, value))
      return [status, find] as const
    }),
  )
  return (value, source, status) => {
    const problem = problems.get(status ?? usual)?.(value)
    if (problem === undefined) return
    if (status === undefined && [...problems.values()].some((find) => find(value) === undefined)) return
    throw new TestFailure(`${name}.${key}: ${source} returned what the contract does not allow: ${problem}`)
  }
}

function dataProblem(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : 'the response has no data'
}

function isBytes(body: TSchema): boolean {
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
    ...(params && { params: compileCheck(objectSchema(params), 'only known') }),
    ...(query && { query: compileCheck(objectSchema(inputProperties(query)), 'only known') }),
    ...(headers && { headers: compileCheck(objectSchema(inputProperties(headers)), 'any') }),
    ...(body && !isBytes(body) && { body: compileCheck(body, 'only known') }),
  }
  return (input) => {
    for (const [part, check] of Object.entries(parts)) {
      const received = asJson(input[part as keyof AnyInput] ?? (part === 'body' ? null : {}))
      const problems = check(received)
      if (problems) throw new TestFailure(`${name}.${key} was called with invalid ${part}: ${firstProblem(problems)}`)
    }
  }
}

/** The properties as a caller passes them: those with a default are optional. */
function inputProperties(properties: TProperties): TProperties {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, 'default' in schema ? t.Optional(schema) : schema]),
  )
}
