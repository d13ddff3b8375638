import type { AnyInput } from '../client/call/call.ts'
import type { Contract } from '../contract/contract.ts'
import { queryOf, responseForm } from '../contract/response.ts'
import { jsonSchemaOf, objectSchema, t, type TProperties } from '../schema/schema.ts'
import { compileCheck, firstProblem, type Check } from '../schema/validator/check.ts'
import { asJson } from '../schema/validator/json.ts'
import { compileWriter, type Write } from '../schema/writer/writer.ts'

/** A test in which a contract was broken, or a service called that nobody mocked. */
export class TestFailure extends Error {
  override readonly name: string = 'TestFailure'
}

/**
 * Compiles the check of what a handler or a mock returns: it has to match `returns`; what the encoder leaves out anyway
 * may be there.
 *
 * The check throws `TestFailure` with one line.
 */
export function compileOutputCheck({ name, operations }: Contract, key: string): (value: unknown, who: string) => void {
  const operation = operations[key]!
  if (!operation.returns) return () => {}
  const form = responseForm(operation)
  const schema = form.output(operation.returns)
  const write = compileWriter(jsonSchemaOf(schema))
  const check = compileCheck(schema, 'any')
  return (value, who) => {
    const problem = form.outputProblem(value) ?? (isWritten(write, value) ? undefined : problemOf(check, value))
    if (problem) throw new TestFailure(`${who} broke the contract of ${name}.${key}: ${problem}`)
  }
}

/** Whether a service could send the value: it writes a few types that are not JSON yet, such as a `Date`. */
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
 * Compiles the check of what an operation is called with.
 *
 * The check throws `TestFailure` with one line.
 */
export function compileInputCheck({ name, operations }: Contract, key: string): (input: AnyInput) => void {
  const { params, headers, body } = operations[key]!
  const query = queryOf(operations[key]!)
  const parts: Partial<Record<keyof AnyInput, Check>> = {
    ...(params && { params: compileCheck(objectSchema(params), 'only known') }),
    ...(query && { query: compileCheck(objectSchema(given(query)), 'only known') }),
    ...(headers && { headers: compileCheck(objectSchema(given(headers)), 'any') }),
    ...(body && { body: compileCheck(body, 'only known') }),
  }
  return (input) => {
    for (const [part, check] of Object.entries(parts)) {
      const received = asJson(input[part as keyof AnyInput] ?? (part === 'body' ? null : {}))
      const problems = check(received)
      if (problems) throw new TestFailure(`${name}.${key} was called with a wrong ${part}: ${firstProblem(problems)}`)
    }
  }
}

/** As a caller has to give it: what has a default may be left out. */
function given(properties: TProperties): TProperties {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, 'default' in schema ? t.Optional(schema) : schema]),
  )
}
