import { jsonProblem } from './check.ts'
import { keywordProblem } from './keywords.ts'
import { isSchema, type TSchema } from '../schema/schema.ts'

/** Returns what is wrong with the schema of a job's or an event's data, and with the field that is its key. */
export function payloadProblem(
  where: string,
  schema: TSchema | undefined,
  key: string | undefined,
): string | undefined {
  if (schema === undefined) return key && `key "${key}" names a field of ${where}, but there is no ${where}`
  if (!isSchema(schema)) return `${where} must be a schema, like t.Object({ … })`
  const problem = jsonProblem(schema, where) ?? keywordProblem(schema, where)
  if (problem) return problem
  if (key === undefined) return undefined
  const names = Object.keys((schema['properties'] as object | undefined) ?? {})
  if (names.includes(key)) return undefined
  const expected = names.length > 0 ? `expected one of ${names.join(', ')}` : 'it must be a t.Object with that field'
  return `key: ${where} has no field "${key}", ${expected}`
}
