import type { AnyInput } from '../client/call/call.ts'
import type { Contract } from '../contract/contract.ts'
import { queryOf, responseForm } from '../contract/response.ts'
import { jsonSchemaOf, objectSchema, t, type TProperties } from '../schema/schema.ts'
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
 * Compiles the check of what a handler or a mock returns. It must match `returns`; fields that the encoder leaves out are
 * allowed.
 *
 * The check throws `TestFailure` with one line.
 */
export function compileOutputCheck(
  { name, operations }: Contract,
  key: string,
): (value: unknown, source: string) => void {
  const operation = operations[key]!
  if (!operation.returns) return () => {}
  const form = responseForm(operation)
  const schema = form.output(operation.returns)
  const write = compileWriter(jsonSchemaOf(schema))
  const check = compileCheck(schema, 'any')
  return (value, source) => {
    const problem = form.outputProblem(value) ?? (isWritten(write, value) ? undefined : problemOf(check, value))
    if (problem)
      throw new TestFailure(`${name}.${key}: ${source} returned what the contract does not allow: ${problem}`)
  }
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
    ...(body && { body: compileCheck(body, 'only known') }),
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
