import { mapSchema, type JsonSchema } from '../schema.ts'
import { resolve } from './closed.ts'
import { isObject, isScalar } from './dialect.ts'

/** How a value selects its part of a union: by the value of a property, or by its own type. */
export type Choice =
  | { readonly tag: string; readonly values: readonly (readonly unknown[])[] }
  | { readonly types: readonly (readonly string[])[] }

/**
 * Rewrites the unions of a schema so that they are checked without trying each part, where possible:
 *
 * - `enum`, when all parts are single values;
 * - `select` with `selectBy`, a `Choice`, when the value selects its part, so that only its problems are reported;
 * - else `union`, which tries the parts and is charged for each.
 *
 * A part for numbers beside one for strings has `orString`, for the message about a number that is too large.
 * A schema that may be checked many times gets `work`, which is charged, too.
 */
export function arranged(root: JsonSchema): JsonSchema {
  return arrange(root)

  function arrange(schema: JsonSchema): JsonSchema {
    const { anyOf, oneOf, ...rest } = mapSchema(schema, (inner, keyword) =>
      charged.has(keyword) ? { ...arrange(inner), work: true } : arrange(inner),
    )
    const any = Array.isArray(anyOf) ? arrangeUnion(anyOf, 'union', root) : undefined
    const one = Array.isArray(oneOf) ? arrangeUnion(oneOf, 'oneOf', root) : undefined
    const parts = [any, one].filter((part) => part !== undefined)
    if (parts.length === 0) return rest
    const [part] = parts as [JsonSchema]
    if (parts.length === 1 && !Object.keys(part).some((keyword) => keyword in rest)) return { ...rest, ...part }
    return { ...rest, allOf: [...((rest['allOf'] as unknown[] | undefined) ?? []), ...parts] }
  }
}

function arrangeUnion(branches: readonly unknown[], otherwise: 'union' | 'oneOf', root: JsonSchema): JsonSchema {
  const parts = otherwise === 'union' ? branches.flatMap(partsOf) : branches
  if (parts.length === 1) return isObject(parts[0]) ? { allOf: [parts[0]] } : { [otherwise]: parts }

  const literals = parts.map(literalsOf)
  if (literals.every((values) => values !== undefined)) {
    const values = literals.flat()
    if (otherwise === 'union' || new Set(values).size === values.length) return { enum: [...new Set(values)] }
  }
  const groups = groupByType(parts, root)
  if (groups.length > 1) {
    const isString = groups.some(({ types: of }) => of.has('string'))
    const select = groups.map(({ types: of, parts: [first, ...others] }) => {
      if (others.length > 0) return arrangeUnion([first, ...others], otherwise, root)
      return isString && of.has('number') && isObject(first) ? { ...first, orString: true } : first
    })
    const types = groups.map((group) => [...group.types])
    return { type: types.flat(), select, selectBy: { types } satisfies Choice }
  }
  const choice = tagOf(parts, root)
  return choice ? { type: 'object', select: parts, selectBy: choice } : { [otherwise]: parts }
}

/** Returns the parts of a schema that is only a union, to merge it into the enclosing union. */
function partsOf(part: unknown): readonly unknown[] {
  if (!isObject(part)) return [part]
  const keywords = Object.keys(part).filter((keyword) => !annotations.has(keyword))
  return keywords.length === 1 && Array.isArray(part['union']) ? part['union'] : [part]
}

/** Returns the values that a schema lists; its other keywords are ignored if they hold anyway. */
function literalsOf(part: unknown): readonly (string | number | boolean | null)[] | undefined {
  if (!isObject(part)) return undefined
  const keywords = Object.keys(part).filter((keyword) => !annotations.has(keyword) && keyword !== 'type')
  if (keywords.length === 0) return part['type'] === 'null' ? [null] : undefined
  const values = 'const' in part ? [part['const']] : part['enum']
  if (keywords.length > 1 || !Array.isArray(values) || !values.every(isScalar)) return undefined
  return values.filter((value) => typeOf(value).some((type) => typesOf(part, {}).has(type)))
}

interface Group {
  readonly types: Set<string>
  readonly parts: unknown[]
}

/** Groups parts that can match the same value. */
function groupByType(parts: readonly unknown[], root: JsonSchema): readonly Group[] {
  let groups: Group[] = []
  for (const part of parts) {
    const merged: Group = { types: new Set(typesOf(part, root)), parts: [] }
    for (const group of groups.filter(({ types }) => [...types].some((type) => merged.types.has(type)))) {
      for (const type of group.types) merged.types.add(type)
      merged.parts.push(...group.parts)
      groups = groups.filter((other) => other !== group)
    }
    merged.parts.push(part)
    groups.push(merged)
  }
  return groups
}

/** Returns the JSON types of the values that a schema may match. */
export function typesOf(part: unknown, root: JsonSchema, seen: ReadonlySet<unknown> = new Set()): ReadonlySet<string> {
  if (!isObject(part) || seen.has(part)) return allTypes
  const within = new Set(seen).add(part)
  let types = allTypes
  const narrow = (to: Iterable<string>): void => {
    const allowed = new Set(to)
    types = new Set([...types].filter((type) => allowed.has(type)))
  }
  const { type, enum: values, $ref, allOf } = part
  if (type !== undefined) narrow(([type].flat() as string[]).map((name) => (name === 'integer' ? 'number' : name)))
  if ('const' in part) narrow(typeOf(part['const']))
  if (Array.isArray(values)) narrow(values.flatMap(typeOf))
  if (typeof $ref === 'string') narrow(typesOf(resolve(root, $ref), root, within))
  if (Array.isArray(allOf)) for (const inner of allOf) narrow(typesOf(inner, root, within))
  for (const keyword of ['anyOf', 'oneOf', 'union']) {
    const union = part[keyword]
    if (Array.isArray(union)) narrow(union.flatMap((inner) => [...typesOf(inner, root, within)]))
  }
  return types
}

/** Returns a property that every part requires with values that no other part has. */
function tagOf(parts: readonly unknown[], root: JsonSchema): Choice | undefined {
  const tags = parts.map((part) => literalProperties(part, root))
  for (const [tag] of tags[0]!) {
    const values = tags.map((of) => of.get(tag) ?? [])
    const all = values.flat()
    if (values.every((of) => of.length > 0) && new Set(all).size === all.length) return { tag, values }
  }
  return undefined
}

/** Returns the required properties of an object that allow only some values, with these. */
function literalProperties(
  part: unknown,
  root: JsonSchema,
  seen = new Set<unknown>(),
): Map<string, readonly unknown[]> {
  const found = new Map<string, readonly unknown[]>()
  if (!isObject(part) || seen.has(part)) return found
  seen.add(part)
  const { properties, required, $ref, allOf } = part
  for (const [name, inner] of Object.entries(isObject(properties) ? properties : {})) {
    const values = Array.isArray(required) && required.includes(name) ? literalsOf(inner) : undefined
    if (values) found.set(name, values)
  }
  const others = [...(Array.isArray(allOf) ? allOf : []), ...(typeof $ref === 'string' ? [resolve(root, $ref)] : [])]
  for (const other of others) for (const [name, values] of literalProperties(other, root, seen)) found.set(name, values)
  return typesOf(part, root).size === 1 && typesOf(part, root).has('object') ? found : new Map()
}

function typeOf(value: unknown): string[] {
  if (value === null) return ['null']
  return [Array.isArray(value) ? 'array' : typeof value]
}

const allTypes: ReadonlySet<string> = new Set(['array', 'boolean', 'null', 'number', 'object', 'string'])

/** Marks schemas that are checked repeatedly: in lists, in recursion, and in the tries of a union. */
const charged: ReadonlySet<string> = new Set([
  '$defs',
  'additionalProperties',
  'contains',
  'items',
  'oneOf',
  'patternProperties',
  'unevaluatedItems',
  'unevaluatedProperties',
])

/** The keywords of a union of literals that are only for readers. */
const annotations: ReadonlySet<string> = new Set([
  '$comment',
  'default',
  'deprecated',
  'description',
  'examples',
  'title',
])
