import { Kind, TransformKind } from '@sinclair/typebox'
import { isSchema, walkSchema, type TSchema } from '../schema/schema.ts'
import type { Side } from '../schema/standard/describe.ts'
import { jsonSchemaProblem } from '../schema/standard/json.ts'
import type { Schema } from '../schema/standard/spec.ts'
import { keywordProblem } from './keywords.ts'

/** Returns what is wrong with a schema, as one line that begins with the path of the field. */
export function schemaFault(schema: Schema, side: Side, where: string): string | undefined {
  if (!isSchema(schema)) return jsonSchemaProblem(schema, side, where) // the library knows its keywords
  return jsonProblem(schema, where) ?? keywordProblem(schema, where)
}

/** Returns what JSON cannot carry in a schema: types of JavaScript, and code, which would never run. */
function jsonProblem(schema: TSchema, where: string): string | undefined {
  let problem: string | undefined
  walkSchema(schema, (node) => {
    if (TransformKind in node) {
      problem ??= `${where}: t.Transform is never run, use the type of the JSON and convert it in the handler`
    }
    const kind = (node as { [Kind]?: string })[Kind]
    const instead = kind === undefined ? undefined : notJson[kind]
    if (instead) problem ??= `${where}: ${kind} is not a JSON type, use ${instead}`
  })
  return problem
}

const notJson: Readonly<Record<string, string>> = {
  Date: `t.String({ format: 'date-time' })`,
  BigInt: 't.Integer() or t.String()',
  Uint8Array: 't.String() with base64',
  Undefined: 't.Optional(…)',
  Symbol: 't.String()',
  Function: 'something else',
  Promise: 'the type of its value',
  AsyncIterator: 't.Array(…)',
  Iterator: 't.Array(…)',
}
