import type { JsonSchema } from '../schema/schema.ts'
import type { Comparison } from './comparison.ts'

/** Compares the fields of two objects. */
export function compareObjects(before: JsonSchema, after: JsonSchema, path: string, to: Comparison): void {
  const [left, right] = [fieldsOf(before), fieldsOf(after)]
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const where = path === '' ? name : `${path}.${name}`
    const [old, now] = [left[name], right[name]]
    const [wasRequired, isRequired] = [isMandatory(before, name, to), isMandatory(after, name, to)]
    if (old === undefined) {
      const [kind, text] = isRequired
        ? (['required field added', 'a required field was added'] as const)
        : (['optional field added', 'an optional field was added'] as const)
      to.report(where, kind, text)
    } else if (now === undefined) {
      const [kind, text] = wasRequired
        ? (['required field removed', 'the field was removed'] as const)
        : (['optional field removed', 'the optional field was removed'] as const)
      to.report(where, kind, text)
    } else {
      if (isRequired && !wasRequired) to.report(where, 'became required', 'the field became required')
      if (wasRequired && !isRequired) to.report(where, 'became optional', 'the field became optional')
      if (!wasRequired && !isRequired) compareDefaults(old, now, where, to)
      to.compare(old, now, where)
    }
  }
  comparePatterns(before, after, path, to)
  compareOthers(before, after, path, to)
}

/** Whether a value must have a field. A service fills in the default of a field that a caller leaves out. */
function isMandatory(schema: JsonSchema, name: string, { direction }: Comparison): boolean {
  const { required = [] } = schema as { readonly required?: readonly string[] }
  const field = fieldsOf(schema)[name]
  return required.includes(name) && !(direction === 'request' && field && 'default' in field)
}

function compareDefaults(before: JsonSchema, after: JsonSchema, path: string, to: Comparison): void {
  if (to.direction !== 'request') return
  const [old, now] = [before, after].map((schema) => JSON.stringify(schema['default']))
  if (old === now) return
  const text =
    old === undefined
      ? `default ${now} was added`
      : now === undefined
        ? `default ${old} was removed`
        : `default ${old} became ${now}`
  to.report(path, 'default changed', text)
}

/** Compares the fields of a record, whose names match a pattern. */
function comparePatterns(before: JsonSchema, after: JsonSchema, path: string, to: Comparison): void {
  const [left, right] = [before, after].map((schema) => (schema['patternProperties'] ?? {}) as JsonSchema) as [
    JsonSchema,
    JsonSchema,
  ]
  const patterns = new Set([...Object.keys(left), ...Object.keys(right)])
  for (const pattern of patterns) {
    const where = `${path}[${pattern === anyName ? '*' : `/${pattern}/`}]`
    if (left[pattern] === undefined) to.report(where, 'values added', 'fields of any such name were added')
    else if (right[pattern] === undefined) to.report(where, 'values removed', 'fields of any such name were removed')
    else to.compare(left[pattern], right[pattern], where)
  }
}

/** Compares what fields without a schema of their own may be. Only a request rejects them unless the schema says otherwise. */
function compareOthers(before: JsonSchema, after: JsonSchema, path: string, to: Comparison): void {
  const byDefault = to.direction !== 'request'
  const [left, right] = [before, after].map((schema) => schema['additionalProperties'] ?? byDefault)
  if (JSON.stringify(left) === JSON.stringify(right)) return
  const where = `${path}[*]`
  if (left === false && right !== false) {
    if (to.direction === 'request' || typeof right === 'object')
      to.report(where, 'optional field added', 'any other field is accepted now')
  } else if (left !== false && right === false) {
    if (to.direction === 'request' || typeof left === 'object')
      to.report(where, 'optional field removed', 'any other field was removed')
  } else {
    to.compare(left, right, where)
  }
}

function fieldsOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema['properties'] ?? {}) as Record<string, JsonSchema>
}

/** How TypeBox writes a record of any names. */
const anyName = '^(.*)$'
