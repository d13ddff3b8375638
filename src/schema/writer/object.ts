import type { JsonSchema } from '../schema.ts'
import type { Code } from './scalars.ts'

/** What the code of an object is made with. */
export interface ObjectParts extends Code {
  /** Code that appends a text and what is in a variable to `s`, or returns when that breaks the schema. */
  append(schema: unknown, v: string, before?: string): string
  /** Code that returns when an object breaks a rule. */
  rules(schema: JsonSchema, v: string): string
}

/** The code of a function that writes the objects of a schema. */
export function objectCode(name: string, schema: JsonSchema, parts: ObjectParts): string {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, unknown>)
  const names = properties.map(([field]) => field)
  const required = new Set((schema['required'] ?? []) as string[])
  const unnamed = [...required].filter((field) => !names.includes(field))
  let comma: Comma = 'none'
  const fields = properties.map(([field, inner]) => {
    const code = fieldCode(field, inner, { isRequired: required.has(field), comma }, parts)
    if (required.has(field) || hasDefault(inner)) comma = 'always'
    else if (comma === 'none') comma = 'maybe'
    return code
  })
  return `function ${name}(v) {
if (typeof v !== 'object' || v === null) return
if (typeof v.toJSON === 'function') v = v.toJSON()
if (v?.constructor !== Object && !isRecord(v)) return
${unnamed.map((field) => `if (${read(field)} === undefined) return\n`).join('')}${parts.rules(schema, 'v')}let s = '{'
let p
${fields.join('\n')}
${othersCode(schema, names, parts)}return s + '}'
}`
}

/** Whether a comma is due before a field, because there is another before it. */
type Comma = 'none' | 'maybe' | 'always'

function fieldCode(
  field: string,
  schema: unknown,
  { isRequired, comma }: { readonly isRequired: boolean; readonly comma: Comma },
  parts: ObjectParts,
): string {
  const label = `${comma === 'always' ? ',' : ''}${JSON.stringify(field)}:`
  const between = comma === 'maybe' ? commaIfDue : ''
  const write = between + parts.append(schema, 'p', label)
  const value = `p = ${read(field)}\n`
  if (hasDefault(schema)) {
    const byDefault = `${between}s += ${JSON.stringify(label + JSON.stringify(schema.default))}`
    return `${value}if (p === undefined) {\n${byDefault}\n} else {\n${write}\n}`
  }
  return value + (isRequired ? `if (p === undefined) return\n${write}` : `if (p !== undefined) {\n${write}\n}`)
}

/** The code for fields that a schema knows by a pattern, and for all others. */
function othersCode(schema: JsonSchema, named: readonly string[], parts: ObjectParts): string {
  const patterns = Object.entries((schema['patternProperties'] ?? {}) as Record<string, unknown>)
  const { additionalProperties: others } = schema
  const hasOthers = others === true || (typeof others === 'object' && others !== null)
  if (patterns.length === 0 && !hasOthers) return ''
  const label = `${commaIfDue}s += quote(n) + ':'\n`
  const branches = patterns.map(([pattern, inner]) => {
    const isAny = pattern === '^(.*)$' // of TypeBox's records, whose names are any
    const test = isAny ? 'true' : `${parts.constant(new RegExp(pattern, 'u'))}.test(n)`
    return `if (${test}) {\n${label}${parts.append(inner, 'p')}\ncontinue\n}`
  })
  if (hasOthers) branches.push(label + parts.append(others, 'p'))
  return `for (const n of Object.keys(v)) {
if (${parts.constant(new Set(named))}.has(n)) continue
p = v[n]
if (p === undefined) continue
${branches.join('\n')}
}
`
}

const commaIfDue = `if (s.length > 1) s += ','\n`

function hasDefault(schema: unknown): schema is { readonly default: unknown } {
  return typeof schema === 'object' && schema !== null && (schema as JsonSchema)['default'] !== undefined
}

/** A field of `v`; what every object inherits is none of its fields. */
function read(field: string): string {
  const name = JSON.stringify(field)
  return field in Object.prototype ? `(Object.hasOwn(v, ${name}) ? v[${name}] : undefined)` : `v[${name}]`
}
