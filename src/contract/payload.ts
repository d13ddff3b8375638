import { jsonProblem } from './check.ts'
import { isSchema, type TSchema } from '../schema/schema.ts'

/** What is wrong with the schema of what a job or an event carries, and with the field that is its key. */
export function payloadProblem(
  where: string,
  schema: TSchema | undefined,
  key: string | undefined,
): string | undefined {
  if (schema === undefined) return key === undefined ? undefined : `key names a field of ${where}, which is not there`
  if (!isSchema(schema)) return `${where} is not a schema: write ${where}: t.Object({ … })`
  const problem = jsonProblem(schema, where)
  if (problem) return problem
  if (key === undefined) return undefined
  const names = Object.keys((schema['properties'] as object | undefined) ?? {})
  return names.includes(key) ? undefined : `key: ${where} has no field "${key}", expected one of ${names.join(', ')}`
}
