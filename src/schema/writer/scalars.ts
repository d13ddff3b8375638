import type { JsonSchema } from '../schema.ts'
import { formatOf, rulesOf } from './rules.ts'

/** The generators that the code of a scalar needs. */
export interface Code {
  /** Returns a name for a value that the code uses. */
  constant(value: unknown): string
  /** Returns code that returns early when an expression breaks rules. */
  check(rules: JsonSchema, expression: string): string
}

/** Generates code that appends a text and the number in `v` to `s`, or returns early when it breaks the schema. */
export function appendNumber(schema: JsonSchema, v: string, before: string, code: Code): string {
  const { MAX_SAFE_INTEGER: most } = Number
  const test = schema['type'] === 'integer' ? 'Number.isSafeInteger' : 'Number.isFinite'
  // Beyond 2^53 the reader's JSON parser would round an integer in silence.
  const isNumber = `(${test}(${v}) || typeof ${v} === 'bigint' && ${v} >= -${most} && ${v} <= ${most})`
  const bounds = Object.entries(comparisons).flatMap(([keyword, comparison]) =>
    typeof schema[keyword] === 'number' ? [`${v} ${comparison} ${schema[keyword]}`] : [],
  )
  const rules = rulesOf(schema)
  return [
    `if (!${isNumber}) { ${v} = plain(${v}); if (!${isNumber}) return }`,
    ...(bounds.length > 0 ? [`if (${bounds.join(' || ')}) return`] : []),
    ...(rules ? [code.check({ type: 'number', ...rules }, `Number(${v})`)] : []),
    `s += ${JSON.stringify(before)} + ${v}`,
  ].join('\n')
}

const comparisons = { minimum: '<', maximum: '>', exclusiveMinimum: '<=', exclusiveMaximum: '>=' } as const

/** Generates the same for a text. */
export function appendString(schema: JsonSchema, v: string, before: string, code: Code): string {
  const { format, pattern, minLength = 0, maxLength = Infinity, ...others } = schema as JsonSchema & StringRules
  const { pattern: formatPattern, rules: formatRules } = format === undefined ? {} : formatOf(format)
  const rules = rulesOf({ ...others, ...formatRules })
  const lengths = { ...(minLength > 0 && { minLength }), ...(maxLength < Infinity && { maxLength }) }
  // Drizzle returns a bigint where a number is too small; in JSON it is its digits.
  const isDigits = pattern !== undefined && new RegExp(pattern, 'u').test(String(2n ** 53n + 1n))
  const plain = plainOf(format, pattern)
  const text = isDigits ? `typeof ${v} === 'bigint' ? String(${v}) : ${plain}(${v})` : `${plain}(${v})`
  const isHarmless = formatPattern !== undefined && unescaped.has(format!)
  return [
    `if (typeof ${v} !== 'string') { ${v} = ${text}; if (typeof ${v} !== 'string') return }`,
    ...(formatPattern ? [match(formatPattern, v, code)] : []),
    ...(pattern !== undefined ? [match(new RegExp(pattern, 'u'), v, code)] : []),
    // Counts characters only where they may be fewer than units: most texts are far from a limit.
    ...(Object.keys(lengths).length > 0
      ? [`if (${v}.length > ${maxLength} || ${v}.length < ${2 * minLength}) { ${code.check(lengths, v)} }`]
      : []),
    ...(rules ? [code.check({ type: 'string', ...rules }, v)] : []),
    isHarmless ? `s += ${JSON.stringify(`${before}"`)} + ${v} + '"'` : `s += ${JSON.stringify(before)} + quote(${v})`,
  ].join('\n')
}

/** What makes JSON of a value that is no text, such as a `Date`. */
function plainOf(format: string | undefined, pattern: string | undefined): string {
  if (format === 'date') return 'plainDay'
  const isLocal =
    pattern !== undefined && new RegExp(pattern, 'u').test(localTime) && !new RegExp(pattern, 'u').test(`${localTime}Z`)
  return isLocal ? 'plainLocal' : 'plain'
}

const localTime = '2026-01-31T10:00:00.000'

/** Code that returns when a text does not match. Drizzle's timestamps as strings have PostgreSQL's form: they become ISO 8601. */
function match(pattern: RegExp, v: string, code: Code): string {
  const test = `${code.constant(pattern)}.test(${v})`
  const isTime = pattern.test(localTime) || pattern.test(`${localTime}Z`)
  return isTime ? `if (!${test}) { ${v} = isoTime(${v}); if (!${test}) return }` : `if (!${test}) return`
}

interface StringRules {
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
}

/** Formats whose patterns accept nothing that JSON escapes. */
const unescaped: ReadonlySet<string> = new Set(['date', 'date-time', 'ipv4', 'ipv6', 'time', 'uuid'])

/** Generates the same for one of a few values. */
export function appendOneOf(schema: JsonSchema, v: string, before: string, code: Code): string {
  const named = 'const' in schema ? [schema['const']] : (schema['enum'] as unknown[])
  const values = schema['nullable'] === true ? [...named, null] : named
  if (values.some((value) => typeof value === 'object' && value !== null)) {
    return `${code.check({ enum: values }, `asRead(${v})`)}\ns += ${JSON.stringify(before)} + JSON.stringify(${v})`
  }
  const texts = code.constant(new Map(values.map((value) => [value, before + JSON.stringify(value)])))
  return `{ const r = ${texts}.get(plain(${v})); if (r === undefined) return; s += r }`
}
