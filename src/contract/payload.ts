import { jsonProblem } from './check.ts'
import { isSchema, type TSchema } from '../schema/schema.ts'

/** Returns what is wrong with the schema of a job's or an event's data, and with the field that is its key. */
export function payloadProblem(
  where: string,
  schema: TSchema | undefined,
  key: string | undefined,
): string | undefined {
  if (schema === undefined) return key && `key "${key}" names a field of ${where}, but there is no ${where}`
  if (!isSchema(schema)) return `${where} must be a schema, like t.Object({ … })`
  const problem = jsonProblem(schema, where)
  if (problem) return problem
  if (key === undefined) return undefined
  const names = Object.keys((schema['properties'] as object | undefined) ?? {})
  return names.includes(key) ? undefined : `key: ${where} has no field "${key}", expected one of ${names.join(', ')}`
}
