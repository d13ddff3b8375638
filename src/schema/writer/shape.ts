import type { JsonSchema } from '../schema.ts'
import { merge, resolved, type Resolve } from './merge.ts'

/** Of a schema made of others: the whole, whose rules are not all in what it has become. */
export const alsoCheck: unique symbol = Symbol('tricube.alsoCheck')

/** A schema, and what else is to be checked of its values. */
export type Shape = JsonSchema & { readonly [alsoCheck]?: JsonSchema }

/** A schema as a writer takes it: without `allOf`, and with what stands beside a reference moved into it. */
export function shapeOf(schema: JsonSchema, resolve: Resolve): Shape {
  const { $ref, allOf, then, else: otherwise, dependentSchemas = {}, ...beside } = schema
  if (typeof $ref === 'string' && !allOf && !isShaped(beside)) return { $ref }
  const isMerged = allOf !== undefined || $ref !== undefined
  let shape: Shape = isMerged ? resolved(schema, resolve) : schema
  if (isMerged && !isPlainIntersection(schema, resolve)) shape = { ...shape, [alsoCheck]: schema }
  if (shape['oneOf'] && !shape['anyOf']) {
    const { oneOf: branches, ...rest } = shape
    shape = { ...rest, anyOf: branches, [alsoCheck]: schema } // that it is only one of them
  }
  for (const part of [then, otherwise, ...Object.values(dependentSchemas as object)] as (JsonSchema | undefined)[]) {
    if (part?.['properties']) shape = merge(shape, { properties: part['properties'] }, resolve)
  }
  return shape
}

/** Whether a schema without its reference or its union still says what a value looks like. */
export function isShaped(beside: JsonSchema): boolean {
  return Object.keys(beside).some((keyword) => !notes.has(keyword) && beside[keyword] !== undefined)
}

/** The type that a schema speaks of without naming it. */
export function impliedType(schema: JsonSchema): string | undefined {
  if (['properties', 'patternProperties', 'additionalProperties', 'required'].some((name) => name in schema)) {
    return 'object'
  }
  return 'items' in schema || 'prefixItems' in schema ? 'array' : undefined
}

/** Keywords that are for a reader. */
const notes: ReadonlySet<string> = new Set([
  ...['$comment', '$defs', '$id', 'contentEncoding', 'contentMediaType', 'default', 'deprecated', 'description'],
  ...['discriminator', 'examples', 'readOnly', 'title', 'unevaluatedProperties', 'writeOnly'],
])

/** What an intersection of objects is made of when the merged schema says all that its parts say. */
const mergeable: ReadonlySet<string> = new Set([
  ...notes,
  ...['$ref', 'additionalProperties', 'allOf', 'properties', 'required', 'type'],
])

function isPlainIntersection(schema: JsonSchema, resolve: Resolve, fields: Set<string> = new Set()): boolean {
  const { $ref, allOf = [], properties = {} } = schema
  const parts = [...(typeof $ref === 'string' ? [resolve($ref)] : []), ...(allOf as JsonSchema[])]
  const own = Object.keys(properties as object)
  const isNew = own.every((field) => !fields.has(field)) // of one that two parts name, the rules of both count
  for (const field of own) fields.add(field)
  return (
    isNew &&
    Object.keys(schema).every((keyword) => mergeable.has(keyword)) &&
    parts.every((part) => isPlainIntersection(part, resolve, fields))
  )
}
