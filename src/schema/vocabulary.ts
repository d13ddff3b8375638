// The words of JSON Schema that tricube knows.
import { unicodePattern } from './unicodePattern.ts'

/** The type of a keyword's value. */
export type KeywordKind = 'count' | 'number' | 'text' | 'flag' | 'list' | 'any'

const byKind: Readonly<Record<KeywordKind, string>> = {
  count: 'minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains',
  number: 'minimum maximum exclusiveMinimum exclusiveMaximum multipleOf',
  text: 'title description format contentEncoding contentMediaType',
  flag: 'uniqueItems deprecated readOnly writeOnly nullable',
  list: 'enum required anyOf allOf oneOf prefixItems examples',
  any:
    'type const default properties items additionalItems additionalProperties patternProperties propertyNames pattern ' +
    'contains not if then else definitions dependencies dependentRequired dependentSchemas unevaluatedItems ' +
    'unevaluatedProperties contentSchema id discriminator example externalDocs xml formatMinimum formatMaximum ' +
    'formatExclusiveMinimum formatExclusiveMaximum decimalMinimum decimalMaximum decimalExclusiveMinimum decimalExclusiveMaximum',
}

/** The keywords of JSON Schema 2020-12 and draft 7, OpenAPI 3.1 and models. */
export const keywords: ReadonlyMap<string, KeywordKind> = new Map(
  Object.entries(byKind).flatMap(([kind, names]) =>
    names.split(' ').map((name) => [name, kind as KeywordKind] as const),
  ),
)

/** The formats that validation checks. */
export const formats: readonly string[] = (
  'date time date-time iso-time iso-date-time duration uri uri-reference uri-template url email hostname ipv4 ipv6 regex ' +
  'uuid json-pointer json-pointer-uri-fragment relative-json-pointer byte int32 int64 float double password binary'
).split(' ')

/** Formats whose patterns in other libraries can take too long. The validator's own check of the format is fast. */
const fastFormats: ReadonlySet<string> = new Set(['duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri'])

/**
 * Returns what the validator checks of a part of another library's schema. It has a pattern for most formats, which is
 * what the library itself checks: `formatOfPattern` names it in messages. Defaults are filled in by the library, because they may be code.
 */
export function enforced(node: { readonly [keyword: string]: unknown }): { [keyword: string]: unknown } {
  const { default: _, format, ...rest } = node
  const kept = Object.fromEntries(
    Object.entries(rest).filter(([keyword]) => keywords.has(keyword) || keyword.startsWith('$')),
  )
  // `.*c$`, for texts that end in c, would take quadratic time. Without an anchor, the beginning matches anything anyway.
  if (typeof kept['pattern'] === 'string') kept['pattern'] = unicodePattern(kept['pattern']).replace(/^\.\*(?![?])/, '')
  if (typeof format !== 'string' || !formats.includes(format)) return kept
  if (fastFormats.has(format)) {
    delete kept['pattern']
    return { ...kept, format }
  }
  if ('pattern' in kept) return { ...kept, formatOfPattern: format }
  return 'allOf' in kept ? kept : { ...kept, format }
}
