import type { JsonSchema } from './schema.ts'
import { jsonOf } from './standard/json.ts'
import type { Schema, Schemas } from './standard/spec.ts'
import { isText } from './text.ts'

/**
 * How a parameter of a query is written, by its schema:
 *
 * - `repeated`: its name for each item, `ids=1&ids=2`
 * - `comma`: one text, `ids=1,2`, where the schema has `style: 'comma'`
 * - `deepObject`: a name for each field, `near[lat]=1&near[lon]=2`
 *
 * The names are those of OpenAPI, where `comma` is the style `form` without `explode`.
 */
export type QueryStyle = 'repeated' | 'comma' | 'deepObject'

/** Returns the style of a parameter. */
export function queryStyleOf(schema: Schema): QueryStyle {
  const json = jsonOf(schema, 'input')
  if (isObjectSchema(json)) return 'deepObject'
  return json['style'] === 'comma' ? 'comma' : 'repeated'
}

/** Returns the styles of the parameters that are no scalars and no repeated lists. */
export function queryStyles(query: Schemas): ReadonlyMap<string, QueryStyle> {
  const styles = Object.entries(query).map(([name, schema]) => [name, queryStyleOf(schema)] as const)
  return new Map(styles.filter(([, style]) => style !== 'repeated'))
}

/** Returns why a schema cannot be that of a parameter in a query, as the rest of a sentence; undefined when it can. */
export function queryProblem(schema: Schema): string | undefined {
  const json = jsonOf(schema, 'input')
  const { style } = json
  const isObject = isObjectSchema(json)
  if (style !== undefined && style !== 'comma' && style !== 'deepObject') {
    return `style must be 'comma' or 'deepObject', got ${JSON.stringify(style)}`
  }
  if (style === 'comma' && json['type'] !== 'array') return `style 'comma' is for lists`
  if (style === 'deepObject' && !isObject) return `style 'deepObject' is for objects`
  if (!isObject)
    return isText(json) ? undefined : 'a list of a query cannot hold objects or lists, use a list of scalars'
  const deep = fieldsOf(json).find(([, field]) => !isText(field))
  return deep && `${deep[0]}: an object of a query can hold scalars and lists of scalars`
}

/**
 * Marks the query of an operation as open: parameters that it does not name are removed before the handler sees them. Else
 * they are rejected.
 *
 * @example
 * const listUsers = { route: 'GET /users', query: open({ name: t.Optional(t.String()) }) }
 */
export function open<const All extends Schemas>(query: All): All {
  return { ...query, [isOpen]: true }
}

const isOpen: unique symbol = Symbol('tricube.open')

/**
 * Compiles what prepares a query for its check: it gathers the fields of objects, and removes what an open query does not
 * name. It is undefined where nothing is to do.
 */
export function compileGather(query: Schemas): ((values: unknown) => void) | undefined {
  const objects = new Set(Object.keys(query).filter((name) => queryStyleOf(query[name]!) === 'deepObject'))
  const removes = isOpen in query
  if (objects.size === 0 && !removes) return undefined
  return (values) => {
    const all = values as Record<string, unknown>
    for (const name of Object.keys(all)) {
      const field = objects.size > 0 ? deepName.exec(name) : null
      if (field && objects.has(field[1]!) && !isReserved(field[2]!)) gather(all, name, field[1]!, field[2]!)
      else if (removes && !Object.hasOwn(query, name)) delete all[name]
    }
  }
}

/** `near[lat]`: the name of the object, and that of its field. */
const deepName = /^([^[\]]+)\[([^[\]]+)\]$/

function gather(all: Record<string, unknown>, name: string, object: string, field: string): void {
  const known = (all[object] ??= Object.create(null) as object)
  if (typeof known !== 'object' || Array.isArray(known)) return // `near=1&near[lat]=1`: the check rejects both
  ;(known as Record<string, unknown>)[field] = all[name]
  delete all[name]
}

/** Names that a handler which copies the object must not meet. */
function isReserved(name: string): boolean {
  return name === '__proto__' || name === 'constructor' || name === 'prototype'
}

/** Whether a parameter with the schema is an object. */
export function isObjectSchema({ type, properties, additionalProperties, patternProperties }: JsonSchema): boolean {
  return (
    type === 'object' || (type === undefined && (properties ?? additionalProperties ?? patternProperties) !== undefined)
  )
}

/** Returns the schemas of an object's fields, by the text that names them. */
function fieldsOf({ properties, patternProperties, additionalProperties }: JsonSchema): [string, JsonSchema][] {
  const named = { ...(properties as object), ...(patternProperties as object), '*': additionalProperties }
  return Object.entries(named).filter((entry): entry is [string, JsonSchema] => typeof entry[1] === 'object')
}
