import { resolve as resolveRef } from '../schema/validator/closed.ts'
import type { JsonSchema } from '../schema/schema.ts'
import { canonical } from './canonical.ts'
import type { Comparison } from './comparison.ts'
import type { Difference, Direction } from './difference.ts'
import { compareKeywords } from './bounds.ts'
import { isLiteral, membersOf, type Member, type Resolve, type Typed } from './members.ts'
import { compareObjects } from './objects.ts'
import { baseType, literalFits, pair, tagIn } from './pairs.ts'

interface Options {
  readonly direction: Direction
  readonly isText?: boolean
}

/** Returns the differences between two schemas, in the order of their fields. */
export function schemaDifferences(
  before: JsonSchema,
  after: JsonSchema,
  path: string,
  { direction, isText = false }: Options,
): readonly Difference[] {
  const differences: Difference[] = []
  const seen = new Set<string>()
  const [resolveBefore, resolveAfter] = [before, after].map(
    (root): Resolve =>
      (ref) =>
        resolveRef(root, ref) as JsonSchema,
  ) as [Resolve, Resolve]
  const comparison: Comparison = {
    direction,
    isText,
    report: (where, kind, text) => void differences.push({ path: where, kind, text }),
    compare(left, right, where) {
      // A recursive schema comes back to a pair that is being compared.
      const key = isReference(left) || isReference(right) ? `${targetOf(left)} ${targetOf(right)}` : undefined
      if (key !== undefined && seen.has(key)) return
      if (key !== undefined) seen.add(key)
      compareMembers(membersOf(left, resolveBefore), membersOf(right, resolveAfter), where, comparison)
    },
  }
  comparison.compare(before, after, path)
  return differences
}

function compareMembers(before: readonly Member[], after: readonly Member[], path: string, to: Comparison): void {
  const { pairs, removed, added } = pair(before, after)
  if (!to.isText && removed.length === before.length && added.length === after.length && !shareType(before, after)) {
    to.report(path, 'type changed', `${listOf(before)} became ${listOf(after)}`)
    return
  }
  const isUnion = before.length > 1 || after.length > 1
  for (const [left, right] of pairs) compareTyped(left, right, isUnion ? pathOf(path, left, right) : path, to)
  for (const member of removed) {
    if (!isCovered(member, after, to)) to.report(path, 'values removed', `${nameOf(member)} was removed`)
  }
  for (const member of added) {
    if (!isCovered(member, before, to)) to.report(path, 'values added', `${nameOf(member)} was added`)
  }
}

/** Whether the other side has the values of an alternative among those of another type. */
function isCovered(member: Member, others: readonly Member[], { isText }: Comparison): boolean {
  return others.some((other) => {
    if (isLiteral(other)) return false
    if (isLiteral(member)) return literalFits(member.value, other)
    return other.type === 'any' || (isText && isAnyText(other) && scalars.has(member.type))
  })
}

/** Whether both sides have values of the same type: then values were added or removed. */
function shareType(before: readonly Member[], after: readonly Member[]): boolean {
  const types = (members: readonly Member[]): Set<string> =>
    new Set(members.map((member) => (isLiteral(member) ? typeOf(member.value) : baseType(member.type))))
  const [left, right] = [types(before), types(after)]
  return left.has('any') || right.has('any') || [...left].some((type) => right.has(type))
}

function compareTyped(before: Typed, after: Typed, path: string, to: Comparison): void {
  if (before.type === 'integer' && after.type === 'number') to.report(path, 'values added', 'fractions were added')
  if (before.type === 'number' && after.type === 'integer') to.report(path, 'values removed', 'fractions were removed')
  if (before.type === 'other') return to.report(path, 'incomparable', 'a schema changed that cannot be compared')
  if (before.type === 'object') compareObjects(before.schema, after.schema, path, to)
  if (before.type === 'array') compareArrays(before.schema, after.schema, path, to)
  compareKeywords(before, after, path, to)
}

function compareArrays(before: JsonSchema, after: JsonSchema, path: string, to: Comparison): void {
  const [left, right] = [before, after].map(tupleOf) as [readonly unknown[] | undefined, readonly unknown[] | undefined]
  if (!left && !right) return to.compare(before['items'] ?? true, after['items'] ?? true, `${path}[]`)
  if (!left || !right || left.length !== right.length) {
    const name = (tuple: readonly unknown[] | undefined): string => (tuple ? `a tuple of ${tuple.length}` : 'a list')
    return to.report(path, 'type changed', `${name(left)} became ${name(right)}`)
  }
  left.forEach((item, i) => to.compare(item, right[i], `${path}[${i}]`))
}

/** Returns the schemas of a tuple's items, by the keyword of either draft. */
function tupleOf({ items, prefixItems }: JsonSchema): readonly unknown[] | undefined {
  return [prefixItems, items].find(Array.isArray) as readonly unknown[] | undefined
}

/** The objects of a union are told apart by their tag, unless it is the tag that changed. */
function pathOf(path: string, before: Typed, after: Typed): string {
  const [old, now] = [before, after].map(({ type, schema }) => {
    const tag = type === 'object' ? tagIn(schema) : undefined
    return tag && `${tag[0]}: ${JSON.stringify(tag[1])}`
  })
  return old === undefined || old !== now ? path : `${path}(${old})`
}

function listOf(members: readonly Member[]): string {
  return members.map(nameOf).join(' or ') || 'no value'
}

function nameOf(member: Member): string {
  if (isLiteral(member)) return JSON.stringify(member.value)
  const tag = member.type === 'object' ? tagIn(member.schema) : undefined
  return tag ? `object with ${tag[0]} ${JSON.stringify(tag[1])}` : (names[member.type] ?? member.type)
}

const names: Readonly<Record<string, string>> = { any: 'any value', other: 'a schema without a type' }
const scalars: ReadonlySet<string> = new Set(['boolean', 'integer', 'number', 'string'])

function isAnyText({ type, schema }: Typed): boolean {
  return type === 'string' && Object.keys(schema).every((keyword) => keyword === 'type' || keyword === 'default')
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}

function isReference(schema: unknown): schema is { readonly $ref: string } {
  return typeof schema === 'object' && schema !== null && '$ref' in schema
}

function targetOf(schema: unknown): string {
  return isReference(schema) ? schema.$ref : JSON.stringify(canonical(schema))
}
