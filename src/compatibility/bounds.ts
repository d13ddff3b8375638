import type { JsonSchema } from '../schema/schema.ts'
import { canonical } from './canonical.ts'
import { forms, isAnnotation, lowerBounds, structural, upperBounds } from './keywords.ts'
import type { Typed } from './members.ts'
import type { Comparison } from './comparison.ts'

/** Compares the keywords that restrict values: bounds, forms, and what cannot be compared. */
export function compareKeywords(before: Typed, after: Typed, path: string, to: Comparison): void {
  const [left, right] = [withInclusiveBounds(before), withInclusiveBounds(after)]
  for (const keyword of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (structural.has(keyword) || isAnnotation(keyword)) continue
    const [old, now] = [left[keyword], right[keyword]]
    if (textOf(old) === textOf(now)) continue
    const text = describe(keyword, old, now)
    if (upperBounds.has(keyword)) reportBound(numberOf(now, Infinity) - numberOf(old, Infinity))
    else if (lowerBounds.has(keyword)) reportBound(numberOf(old, -Infinity) - numberOf(now, -Infinity))
    else if (!forms.has(keyword)) to.report(path, 'incomparable', text)
    else if (old === undefined) to.report(path, 'limit tightened', text)
    else if (now === undefined) to.report(path, 'limit loosened', text)
    else to.report(path, 'form changed', text)

    /** Positive when more values are valid now. */
    function reportBound(gain: number): void {
      to.report(path, Number.isNaN(gain) ? 'incomparable' : gain > 0 ? 'limit loosened' : 'limit tightened', text)
    }
  }
  compareSteps(before.schema['multipleOf'], after.schema['multipleOf'], path, to)
  const [wasUnique, isUnique] = [before, after].map(({ schema }) => schema['uniqueItems'] === true)
  if (isUnique && !wasUnique) to.report(path, 'limit tightened', 'uniqueItems was added')
  if (wasUnique && !isUnique) to.report(path, 'limit loosened', 'uniqueItems was removed')
}

/** A multiple of 6 is one of 3: the new step is narrower when it is a multiple of the old one. */
function compareSteps(before: unknown, after: unknown, path: string, to: Comparison): void {
  if (before === after) return
  const text = describe('multipleOf', before, after)
  if (before === undefined || isMultiple(after, before)) to.report(path, 'limit tightened', text)
  else if (after === undefined || isMultiple(before, after)) to.report(path, 'limit loosened', text)
  else to.report(path, 'form changed', text)
}

function isMultiple(one: unknown, other: unknown): boolean {
  return typeof one === 'number' && typeof other === 'number' && Number.isInteger(one / other)
}

/** An integer above 0 is one of at least 1. */
function withInclusiveBounds({ type, schema }: Typed): JsonSchema {
  if (type !== 'integer') return schema
  const { exclusiveMinimum, exclusiveMaximum, ...rest } = schema as Readonly<Record<string, number | undefined>>
  const { minimum = -Infinity, maximum = Infinity } = rest
  const least = Math.max(minimum, Math.floor((exclusiveMinimum ?? -Infinity) + 1))
  const most = Math.min(maximum, Math.ceil((exclusiveMaximum ?? Infinity) - 1))
  return {
    ...(rest as JsonSchema),
    ...(least > -Infinity && { minimum: least }),
    ...(most < Infinity && { maximum: most }),
  }
}

/** Bounds of decimals are text. */
function numberOf(bound: unknown, absent: number): number {
  return bound === undefined ? absent : Number(bound)
}

function describe(keyword: string, before: unknown, after: unknown): string {
  if (before === undefined) return `${keyword} ${textOf(after)} was added`
  if (after === undefined) return `${keyword} ${textOf(before)} was removed`
  return `${keyword} ${textOf(before)} became ${textOf(after)}`
}

function textOf(value: unknown): string | undefined {
  return JSON.stringify(canonical(value))
}
