/** Whether a keyword describes a schema to people, and changes no value. */
export function isAnnotation(keyword: string): boolean {
  return annotations.has(keyword) || keyword.startsWith('x-')
}

const annotations: ReadonlySet<string> = new Set([
  '$comment',
  '$id',
  'description',
  'example',
  'examples',
  'externalDocs',
  'readOnly',
  'title',
  'writeOnly',
  'xml',
])

/** Keywords that bound a value from above, without the bound there is no limit. */
export const upperBounds: ReadonlySet<string> = new Set([
  'decimalExclusiveMaximum',
  'decimalMaximum',
  'exclusiveMaximum',
  'maxContains',
  'maxItems',
  'maxLength',
  'maxProperties',
  'maximum',
])

/** Keywords that bound a value from below. */
export const lowerBounds: ReadonlySet<string> = new Set([
  'decimalExclusiveMinimum',
  'decimalMinimum',
  'exclusiveMinimum',
  'minContains',
  'minItems',
  'minLength',
  'minProperties',
  'minimum',
])

/** Keywords that are either there or not, and then narrow the values. */
export const forms: ReadonlySet<string> = new Set(['contentEncoding', 'contentMediaType', 'format', 'pattern'])

/** Keywords of a schema that the comparison handles by its own code. */
export const structural: ReadonlySet<string> = new Set([
  '$defs',
  'additionalItems',
  'additionalProperties',
  'default',
  'deprecated',
  'items',
  'multipleOf',
  'nullable',
  'patternProperties',
  'prefixItems',
  'properties',
  'required',
  'type',
  'uniqueItems',
])
