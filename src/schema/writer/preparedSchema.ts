import type { JsonSchema } from '../schema.ts'
import { merge, resolved, type Resolve } from './merge.ts'

/** Holds the original schema of a merged one, whose rules the merged one may lack. */
export const alsoCheck: unique symbol = Symbol('tricube.alsoCheck')

/** A schema, and further checks of its values. */
export type PreparedSchema = JsonSchema & { readonly [alsoCheck]?: JsonSchema }

/** Prepares a schema for the writer: merges `allOf` and the keywords beside a reference. */
export function prepareSchema(schema: JsonSchema, resolve: Resolve): PreparedSchema {
  const { $ref, allOf, then, else: otherwise, dependentSchemas = {}, ...beside } = schema
  if (typeof $ref === 'string' && !allOf && !hasRules(beside)) return { $ref }
  const isMerged = allOf !== undefined || $ref !== undefined
  let prepared: PreparedSchema = isMerged ? resolved(schema, resolve) : schema
  if (isMerged && !isPlainIntersection(schema, resolve)) prepared = { ...prepared, [alsoCheck]: schema }
  if (prepared['oneOf'] && !prepared['anyOf']) {
    const { oneOf: branches, ...rest } = prepared
    prepared = { ...rest, anyOf: branches, [alsoCheck]: schema } // checks that only one branch matches
  }
  for (const part of [then, otherwise, ...Object.values(dependentSchemas as object)] as (JsonSchema | undefined)[]) {
    if (part?.['properties']) prepared = merge(prepared, { properties: part['properties'] }, resolve)
  }
  return prepared
}

/** Whether a schema without its reference or its union still describes the form of a value. */
export function hasRules(beside: JsonSchema): boolean {
  return Object.keys(beside).some((keyword) => !notes.has(keyword) && beside[keyword] !== undefined)
}

/** Returns the type that a schema implies without naming it. */
export function impliedType(schema: JsonSchema): string | undefined {
  if (['properties', 'patternProperties', 'additionalProperties', 'required'].some((name) => name in schema)) {
    return 'object'
  }
  return 'items' in schema || 'prefixItems' in schema ? 'array' : undefined
}

/** Keywords for readers only. */
const notes: ReadonlySet<string> = new Set([
  ...['$comment', '$defs', '$id', 'contentEncoding', 'contentMediaType', 'default', 'deprecated', 'description'],
  ...['discriminator', 'examples', 'readOnly', 'title', 'unevaluatedProperties', 'writeOnly'],
])

/** The parts of an object intersection whose merged schema has all of their rules. */
const mergeable: ReadonlySet<string> = new Set([
  ...notes,
  ...['$ref', 'additionalProperties', 'allOf', 'properties', 'required', 'type'],
])

function isPlainIntersection(schema: JsonSchema, resolve: Resolve, fields: Set<string> = new Set()): boolean {
  const { $ref, allOf = [], properties = {} } = schema
  const parts = [...(typeof $ref === 'string' ? [resolve($ref)] : []), ...(allOf as JsonSchema[])]
  const own = Object.keys(properties as object)
  const isNew = own.every((field) => !fields.has(field)) // when two parts name a field, the rules of both count
  for (const field of own) fields.add(field)
  return (
    isNew &&
    Object.keys(schema).every((keyword) => mergeable.has(keyword)) &&
    parts.every((part) => isPlainIntersection(part, resolve, fields))
  )
}
