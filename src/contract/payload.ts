import { jsonOf, notSchema } from '../schema/standard/json.ts'
import type { Schema } from '../schema/standard/spec.ts'
import { schemaFault } from './schemaFault.ts'

/** Returns what is wrong with the schema of a job's or an event's data, and with the field that is its key. */
export function payloadProblem(where: string, schema: Schema | undefined, key: string | undefined): string | undefined {
  if (schema === undefined) return key && `key "${key}" names a field of ${where}, but there is no ${where}`
  const wrong = notSchema(schema, 'like t.Object({ … })')
  if (wrong) return `${where} ${wrong}`
  const problem = schemaFault(schema, 'input', where)
  if (problem) return problem
  if (key === undefined) return undefined
  const names = Object.keys((jsonOf(schema, 'input')['properties'] as object | undefined) ?? {})
  if (names.includes(key)) return undefined
  const expected = names.length > 0 ? `expected one of ${names.join(', ')}` : 'it must be a t.Object with that field'
  return `key: ${where} has no field "${key}", ${expected}`
}
