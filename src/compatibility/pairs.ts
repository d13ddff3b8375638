import { compileCheck } from '../schema/validator/check.ts'
import type { JsonSchema, TSchema } from '../schema/schema.ts'
import { canonical } from './canonical.ts'
import { isLiteral, type Member, type Typed } from './members.ts'

/** The alternatives of two schemas that belong together, and those that only one of them has. */
export interface Pairs {
  readonly pairs: readonly (readonly [Typed, Typed])[]
  readonly removed: readonly Member[]
  readonly added: readonly Member[]
}

/** Pairs the alternatives of two schemas: equal ones, objects by their tag, then the only ones of a type. */
export function pair(before: readonly Member[], after: readonly Member[]): Pairs {
  const [left, right] = [[...before], [...after]]
  const equal = take(left, right, (one, other) => textOf(one) === textOf(other))
  const tag = tagOf([...left, ...right])
  const tagged = tag === undefined ? [] : take(left, right, (one, other) => hasSameTag(one, other, tag))
  const isOnly = (members: readonly Member[], { type }: Member): boolean =>
    members.filter((member) => baseType(member.type) === baseType(type)).length === 1
  const single = take(
    left,
    right,
    (one, other) =>
      !isLiteral(one) && baseType(one.type) === baseType(other.type) && isOnly(left, one) && isOnly(right, other),
  )
  // Equal text with a reference may still lead to different definitions.
  const referring = equal.filter(([one]) => textOf(one).includes('"$ref"'))
  return { pairs: [...referring, ...tagged, ...single] as [Typed, Typed][], removed: left, added: right }
}

/** Whether a value is among those of an alternative. */
export function literalFits(value: unknown, { type, schema }: Typed): boolean {
  if (type === 'any') return true
  if (type === 'other') return false
  return compileCheck({ ...schema, type } as unknown as TSchema, 'any')(structuredClone(value)) === undefined
}

/** Returns the type of an alternative; an integer is a number. */
export function baseType(type: string): string {
  return type === 'integer' ? 'number' : type
}

/** Returns the field of an object that has one fixed value, such as `kind: 'card'`. */
export function tagIn(schema: JsonSchema): readonly [name: string, value: unknown] | undefined {
  const fields = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>)
  const tag = fields.find(([, field]) => typeof field === 'object' && 'const' in field)
  return tag && [tag[0], tag[1]['const']]
}

/** Returns the field by which all objects among these alternatives can be told apart. */
function tagOf(members: readonly Member[]): string | undefined {
  const objects = members.filter((member): member is Typed => member.type === 'object')
  if (objects.length < 3) return undefined
  const fields = Object.keys(objects[0]!.schema['properties'] ?? {})
  return fields.find((name) => objects.every((object) => tagValue(object, name) !== undefined))
}

function hasSameTag(one: Member, other: Member, name: string): boolean {
  const value = tagValue(one, name)
  return value !== undefined && value === tagValue(other, name)
}

/** Returns the text of a field's only value; undefined when it may have others. */
function tagValue(member: Member, name: string): string | undefined {
  if (isLiteral(member) || member.type !== 'object') return undefined
  const field = (member.schema['properties'] as Record<string, JsonSchema> | undefined)?.[name]
  return field && typeof field === 'object' && 'const' in field ? JSON.stringify(field['const']) : undefined
}

/** Moves the pairs that match out of both lists. */
function take(
  left: Member[],
  right: Member[],
  matches: (one: Member, other: Member) => boolean,
): (readonly [Member, Member])[] {
  const taken: (readonly [Member, Member])[] = []
  for (const one of [...left]) {
    const other = right.find((candidate) => matches(one, candidate))
    if (!other) continue
    left.splice(left.indexOf(one), 1)
    right.splice(right.indexOf(other), 1)
    taken.push([one, other])
  }
  return taken
}

function textOf(member: Member): string {
  return JSON.stringify(isLiteral(member) ? member : [member.type, canonical(member.schema)])
}
