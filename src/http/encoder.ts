import fastJson from 'fast-json-stringify'
import type { Envelope } from '../contract/contract.ts'
import type { Items, Operation } from '../contract/operation.ts'
import type { Pagination } from '../contract/page.ts'
import { jsonSchemaOf, t, type TSchema } from '../contract/schema.ts'
import { compileCheck, firstProblem, type Check } from './schema/check.ts'
import { asJson } from './schema/json.ts'

/** What a handler returned cannot be written as its contract says; the message names the field, never its value. */
class AnswerError extends Error {
  override readonly name: string = 'AnswerError'
}

/** Turns what a handler returned into the answer's body. */
export type Encoder = (value: unknown, query: unknown) => string

/** Compiles an operation's answer into one function; fields that `returns` does not name are not written. */
export function compileEncoder({ returns, paginated }: Operation, envelope: Envelope): Encoder {
  const standard = envelope === 'standard'
  if (!returns) return standard ? () => '{"code":0,"data":null}' : () => 'null'

  if (!paginated) {
    const write = compileWriter(returns)
    return standard ? (value) => `{"code":0,"data":${write(value)}}` : write
  }

  const writeItems = compileWriter(t.Array(returns))
  return (value, query) => {
    const { items, total } = value as Items<unknown>
    const { page, size } = query as Pagination
    const position = `"page":${page},"size":${size},"total":${total}`
    return standard
      ? `{"code":0,"data":${writeItems(items)},"pagination":{${position}}}`
      : `{"items":${writeItems(items)},${position}}`
  }
}

function compileWriter(schema: TSchema): (value: unknown) => string {
  const write = fastJson(jsonSchemaOf(schema) as unknown as fastJson.Schema)
  let check: Check | undefined
  return (value) => {
    try {
      const text = write(value)
      return text === 'undefined' ? 'null' : text // under a schema that takes anything; no JSON text is this word
    } catch (thrown) {
      // fast-json-stringify says neither which field nor what was due. Compiled once.
      check ??= compileCheck(schema, 'any')
      throw new AnswerError(`what the handler returned breaks its contract: ${problemOf(check, value, thrown)}`)
    }
  }
}

function problemOf(check: Check, value: unknown, thrown: unknown): string {
  try {
    const problems = check(asJson(value))
    if (problems) return firstProblem(problems)
  } catch {
    // it is no JSON at all
  }
  return (thrown as Error).message
}
