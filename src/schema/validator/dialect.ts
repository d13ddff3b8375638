import type { JsonSchema } from '../schema.ts'

/**
 * Converts one schema, without those inside it, to draft 2020-12. TypeBox and many hand-written schemas use draft 7's
 * tuples (`items: […]`). Keywords without effect are removed, because ajv's strict mode would reject them.
 *
 * @throws {TypeError} at a keyword that the validator does not fully support
 */
export function modern(schema: JsonSchema): JsonSchema {
  const foreign = Object.keys(schema).find((keyword) => Object.hasOwn(unsupported, keyword))
  if (foreign !== undefined) throw new TypeError(`${foreign} is not supported: use ${unsupported[foreign]}`)

  const { $schema: _, dependencies, additionalItems, ...rest } = schema
  const node: { [keyword: string]: unknown } = rest
  if (Array.isArray(node['items'])) {
    if (node['items'].length > 0) node['prefixItems'] = node['items']
    delete node['items']
    if (additionalItems !== undefined) node['items'] = additionalItems
  }
  if (Array.isArray(node['prefixItems']) && node['prefixItems'].length === 0) delete node['prefixItems']
  if (isObject(dependencies)) Object.assign(node, splitDependencies(dependencies))

  if (!('if' in node)) for (const keyword of ['then', 'else']) delete node[keyword]
  if (node['minContains'] === 0 && !('maxContains' in node)) delete node['contains']
  if (!('contains' in node)) for (const keyword of ['minContains', 'maxContains']) delete node[keyword]
  return everyName(safeInteger(node))
}

/** Limits an integer to 2^53: `JSON.parse` has rounded larger ones, so that the value may be another one. */
function safeInteger(node: JsonSchema): JsonSchema {
  const types = [node['type']].flat()
  if (!types.includes('integer') || types.includes('number') || 'const' in node || 'enum' in node) return node
  return { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER, ...node }
}

/** Draft 7's `dependencies`, which became two keywords. */
function splitDependencies(dependencies: JsonSchema): JsonSchema {
  const entries = Object.entries(dependencies)
  return {
    dependentRequired: Object.fromEntries(entries.filter(([, value]) => Array.isArray(value))),
    dependentSchemas: Object.fromEntries(entries.filter(([, value]) => !Array.isArray(value))),
  }
}

/** `t.Record(t.String(), …)` should accept every name, but its pattern matches none with a line break. */
function everyName(node: JsonSchema): JsonSchema {
  const { patternProperties, ...rest } = node
  if (!isObject(patternProperties) || !Object.hasOwn(patternProperties, anyName)) return node
  const { [anyName]: value, ...patterns } = patternProperties
  if (Object.keys(patterns).length === 0 && !('properties' in node) && !('additionalProperties' in node)) {
    return { ...rest, additionalProperties: value }
  }
  return { ...rest, patternProperties: { ...patterns, '': value } }
}

export function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

/** TypeBox's `PatternStringExact`. */
const anyName = '^(.*)$'

const ref = '$ref with the $id of a schema in this one, or with a path in $defs'

/** Keywords that need other documents or are not fully supported, with their alternatives. */
const unsupported: Readonly<Record<string, string>> = {
  $anchor: ref,
  $dynamicAnchor: ref,
  $dynamicRef: ref,
  $recursiveAnchor: ref,
  $recursiveRef: ref,
  $vocabulary: 'keywords of the standard vocabularies',
  unevaluatedItems: 'items, or a tuple',
}
