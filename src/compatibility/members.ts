import type { JsonSchema } from '../schema/schema.ts'
import { isAnnotation } from './keywords.ts'

/** One alternative of a schema: a single value, or the values of one type. */
export type Member = Literal | Typed

export interface Literal {
  readonly type: 'literal'
  readonly value: unknown
}

export interface Typed {
  /** A type of JSON, `any`, or `other` for a schema that has no type. */
  readonly type: string
  readonly schema: JsonSchema
}

/** Resolves the target of a `$ref`. */
export type Resolve = (ref: string) => JsonSchema

/** Returns the alternatives of a schema, without unions in unions. */
export function membersOf(schema: unknown, resolve: Resolve): readonly Member[] {
  return withBooleans(alternatives(schema, resolve, []))
}

export function isLiteral(member: Member): member is Literal {
  return member.type === 'literal'
}

/** Returns the keywords of a schema that restrict its values. */
function assertions(schema: JsonSchema): readonly string[] {
  return Object.keys(schema).filter((keyword) => !isAnnotation(keyword) && !silent.has(keyword))
}

const silent: ReadonlySet<string> = new Set(['$defs', 'default', 'deprecated', 'discriminator'])

function alternatives(schema: unknown, resolve: Resolve, open: readonly string[]): readonly Member[] {
  if (schema === true) return [{ type: 'any', schema: {} }]
  if (typeof schema !== 'object' || schema === null) return []
  const given = schema as JsonSchema
  const keywords = assertions(given)
  const [only] = keywords
  if (only === undefined) return [{ type: 'any', schema: given }]
  if (keywords.length === 1) {
    const { $ref, anyOf, oneOf, allOf } = given
    if (typeof $ref === 'string' && !open.includes($ref)) return alternatives(resolve($ref), resolve, [...open, $ref])
    const parts = anyOf ?? oneOf
    if (Array.isArray(parts)) return parts.flatMap((part) => alternatives(part, resolve, open))
    if (Array.isArray(allOf) && allOf.length === 1) return alternatives(allOf[0], resolve, open)
  }
  if ('allOf' in given) {
    const merged = mergeObjects(given, resolve)
    return merged ? alternatives(merged, resolve, open) : [{ type: 'other', schema: given }]
  }
  if (keywords.every((keyword) => keyword === 'const' || keyword === 'type') && 'const' in given) {
    return [{ type: 'literal', value: given['const'] }]
  }
  const { enum: values, type, nullable } = given
  if (Array.isArray(values) && keywords.every((keyword) => keyword === 'enum' || keyword === 'type')) {
    return values.map((value: unknown) => ({ type: 'literal', value }))
  }
  if (keywords.some((keyword) => combining.has(keyword))) return [{ type: 'other', schema: given }]
  const types = [...([type ?? []].flat() as string[]), ...(nullable === true ? ['null'] : [])]
  if (types.length === 0) return [{ type: 'other', schema: given }]
  return types.map((one) => (one === 'null' ? { type: 'literal', value: null } : { type: one, schema: given }))
}

const combining: ReadonlySet<string> = new Set(['$ref', 'anyOf', 'oneOf', 'const', 'enum'])

/** Merges the objects of an intersection; undefined when they are not plain objects with fields of their own. */
function mergeObjects({ allOf, ...rest }: JsonSchema, resolve: Resolve): JsonSchema | undefined {
  const properties: Record<string, unknown> = {}
  const required = new Set<string>()
  const parts = [...(allOf as JsonSchema[]), ...(assertions(rest).length > 0 ? [rest] : [])]
  for (const part of parts) {
    const [object, ...others] = membersOf(part, resolve)
    if (others.length > 0 || object === undefined || isLiteral(object)) return undefined
    if (!assertions(object.schema).every((keyword) => mergeable.has(keyword))) return undefined
    for (const [name, inner] of Object.entries((object.schema['properties'] ?? {}) as JsonSchema)) {
      if (Object.hasOwn(properties, name) && JSON.stringify(properties[name]) !== JSON.stringify(inner))
        return undefined
      properties[name] = inner
    }
    for (const name of (object.schema['required'] ?? []) as string[]) required.add(name)
  }
  return { type: 'object', properties, required: [...required] }
}

const mergeable: ReadonlySet<string> = new Set(['type', 'properties', 'required', 'unevaluatedProperties'])

/** Both booleans are the type. */
function withBooleans(members: readonly Member[]): readonly Member[] {
  const isBoolean = (member: Member): boolean => isLiteral(member) && typeof member.value === 'boolean'
  if (new Set(members.filter(isBoolean).map((member) => (member as Literal).value)).size < 2) return members
  return [...members.filter((member) => !isBoolean(member)), { type: 'boolean', schema: { type: 'boolean' } }]
}
