import type { JsonSchema } from '../schema.ts'
import type { Code } from './scalars.ts'

/** The generators that the code of an object needs. */
export interface ObjectParts extends Code {
  /** Returns code that appends a text and a variable's value to `s`, or returns early when the value breaks the schema. */
  append(schema: unknown, v: string, before?: string): string
  /** Returns code that returns early when an object breaks a rule. */
  rules(schema: JsonSchema, v: string): string
}

/** Generates a function that writes the objects of a schema. */
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

/** Whether a field needs a comma in front, because another one precedes it. */
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

/** Generates the code for fields that match a pattern, and for all others. */
function othersCode(schema: JsonSchema, named: readonly string[], parts: ObjectParts): string {
  const patterns = Object.entries((schema['patternProperties'] ?? {}) as Record<string, unknown>)
  const { additionalProperties: others } = schema
  const hasOthers = others === true || (typeof others === 'object' && others !== null)
  if (patterns.length === 0 && !hasOthers) return ''
  const label = `${commaIfDue}s += quote(n) + ':'\n`
  const branches = patterns.map(([pattern, inner]) => {
    const isAny = pattern === '^(.*)$' // TypeBox's pattern for records with any name
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

/** Accesses a field of `v`; inherited properties do not count as fields. */
function read(field: string): string {
  const name = JSON.stringify(field)
  return field in Object.prototype ? `(Object.hasOwn(v, ${name}) ? v[${name}] : undefined)` : `v[${name}]`
}
