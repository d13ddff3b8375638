import type { ValidateFunction } from 'ajv'
import type { AnyInput } from '../client/call.ts'
import type { Contract } from '../contract/contract.ts'
import type { Items } from '../contract/operation.ts'
import { pageProperties } from '../contract/page.ts'
import { objectSchema, t, type TProperties } from '../contract/schema.ts'
import { asJson, compileExact, compileOpen, firstProblem } from '../http/ajv.ts'

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
  const check = compileOpen(paginated ? t.Array(returns) : returns)
  return (value, who) => {
    const items = paginated ? (value as Items<unknown> | undefined)?.items : value
    if (paginated && !(items && Number.isInteger((value as Items<unknown>).total))) {
      throw new TestFailure(`${who} broke the contract of ${name}.${key}: it is paginated, return { items, total }`)
    }
    if (!check(asJson(items)))
      throw new TestFailure(`${who} broke the contract of ${name}.${key}: ${firstProblem(check)}`)
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
  const parts: Partial<Record<keyof AnyInput, ValidateFunction>> = {
    ...(params && { params: compileExact(objectSchema(params)) }),
    ...(queryProperties && { query: compileExact(objectSchema(queryProperties)) }),
    ...(headers && { headers: compileOpen(objectSchema(headers)) }),
    ...(body && { body: compileExact(body) }),
  }
  return (input) => {
    for (const [part, check] of Object.entries(parts)) {
      const given = asJson(input[part as keyof AnyInput] ?? (part === 'body' ? null : {}))
      if (!check(given)) throw new TestFailure(`${name}.${key} was called with a wrong ${part}: ${firstProblem(check)}`)
    }
  }
}

function optional(properties: TProperties): TProperties {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, t.Optional(schema)]))
}
