import type { AnyInput } from '../client/call.ts'
import type { Contract } from '../contract/contract.ts'
import type { Items } from '../contract/operation.ts'
import { pageProperties } from '../contract/page.ts'
import { objectSchema, t, type TProperties } from '../schema/schema.ts'
import { compileCheck, firstProblem, type Check } from '../schema/validator/check.ts'
import { asJson } from '../schema/validator/json.ts'

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
  const { returns, paginated } = operations[key]!
  if (!returns) return () => {}
  const check = compileCheck(paginated ? t.Array(returns) : returns, 'any')
  return (value, who) => {
    const items = paginated ? (value as Items<unknown> | undefined)?.items : value
    if (paginated && !(items && Number.isInteger((value as Items<unknown>).total))) {
      throw new TestFailure(`${who} broke the contract of ${name}.${key}: it is paginated, return { items, total }`)
    }
    const problems = check(asJson(items))
    if (problems) throw new TestFailure(`${who} broke the contract of ${name}.${key}: ${firstProblem(problems)}`)
  }
}

/**
 * Compiles the check of what an operation is called with.
 *
 * The check throws `TestFailure` with one line.
 */
export function compileInputCheck({ name, operations }: Contract, key: string): (input: AnyInput) => void {
  const { params, query, headers, body, paginated } = operations[key]!
  const queryProperties = paginated ? { ...query, ...optional(pageProperties) } : query
  const parts: Partial<Record<keyof AnyInput, Check>> = {
    ...(params && { params: compileCheck(objectSchema(params), 'only known') }),
    ...(queryProperties && { query: compileCheck(objectSchema(queryProperties), 'only known') }),
    ...(headers && { headers: compileCheck(objectSchema(headers), 'any') }),
    ...(body && { body: compileCheck(body, 'only known') }),
  }
  return (input) => {
    for (const [part, check] of Object.entries(parts)) {
      const given = asJson(input[part as keyof AnyInput] ?? (part === 'body' ? null : {}))
      const problems = check(given)
      if (problems) throw new TestFailure(`${name}.${key} was called with a wrong ${part}: ${firstProblem(problems)}`)
    }
  }
}

function optional(properties: TProperties): TProperties {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, t.Optional(schema)]))
}
