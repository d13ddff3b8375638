import { Kind, TransformKind } from '@sinclair/typebox'
import { pathInside } from '../schema/pathInside.ts'
import { isSchema, mapSchema, type JsonSchema } from '../schema/schema.ts'
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
function jsonProblem(schema: JsonSchema, where: string): string | undefined {
  if (TransformKind in schema) {
    return `${where}: t.Transform is never run, use the type of the JSON and convert it in the handler`
  }
  const kind = (schema as { [Kind]?: string })[Kind]
  const instead = kind === undefined ? undefined : notJson[kind]
  if (instead) return `${where}: ${kind} is not a JSON type, use ${instead}`
  let inside: string | undefined
  mapSchema(schema, (inner, keyword, name) => {
    inside ??= jsonProblem(inner, pathInside(where, keyword, name))
    return inner
  })
  return inside
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
