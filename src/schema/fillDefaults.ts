import type { JsonSchema } from './schema.ts'
import { isObject } from './validator/dialect.ts'

/** Whether a schema, or a part of it, has a default. */
export function hasDefault(schema: JsonSchema): boolean {
  return JSON.stringify(schema).includes('"default":')
}

/** Returns a value with the defaults of its schema, outside of unions. The value itself stays as it is. */
export function fillDefaults(schema: JsonSchema, value: unknown): unknown {
  const { default: usual, properties = {}, items, allOf = [] } = schema
  let filled = value === undefined ? structuredClone(usual) : value
  if (Array.isArray(filled) && isObject(items)) filled = filled.map((item) => fillDefaults(items, item))
  if (isPlain(filled)) {
    filled = { ...filled }
    for (const [name, field] of Object.entries(properties as Readonly<Record<string, JsonSchema>>)) {
      const inner = fillDefaults(field, (filled as Record<string, unknown>)[name])
      if (inner !== undefined) (filled as Record<string, unknown>)[name] = inner
    }
  }
  return (allOf as readonly JsonSchema[]).reduce((all, part) => fillDefaults(part, all), filled)
}

/** Objects of a class, such as files and dates, are values of their own. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)
}
