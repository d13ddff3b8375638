/** How the type of a column may change. */

/** Types in which each holds all values of those before it. */
const widening: readonly (readonly string[])[] = [
  ['smallint', 'integer', 'bigint', 'numeric'],
  ['real', 'double precision'],
  ['json', 'jsonb'],
]

/**
 * Whether one type holds all values of another, and PostgreSQL converts them implicitly: `integer` to `bigint`,
 * `varchar(10)` to `text`. Arrays follow their items.
 */
export function isWider(from: string, to: string): boolean {
  const [a, b] = [parse(from), parse(to)]
  if (a.dimensions !== b.dimensions) return false
  if (b.name === 'text') return a.name === 'text' || a.name === 'varchar'
  if (a.name === b.name) return b.limits.length === 0 || holds(a, b)
  return widening.some((names) => {
    const [at, then] = [names.indexOf(a.name), names.indexOf(b.name)]
    return at >= 0 && at < then && b.limits.length === 0
  })
}

/** Whether PostgreSQL converts implicitly, and fails for a value that does not fit. A cast would silently cut `varchar(80)`. */
export function convertsByItself(from: string, to: string): boolean {
  const [a, b] = [parse(from), parse(to)]
  const kin = (names: readonly string[]): boolean => names.includes(a.name) && names.includes(b.name)
  return a.dimensions === b.dimensions && (a.name === b.name || b.name === 'text' || related.some(kin))
}

const related = [
  ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'],
  ['text', 'varchar', 'char'],
  ['json', 'jsonb'],
]

interface Type {
  readonly name: string
  readonly limits: readonly number[]
  readonly dimensions: string
}

function holds(a: Type, b: Type): boolean {
  if (a.limits.length === 0) return false
  const [length = 0, scale = 0] = a.limits
  const [lengthTo = 0, scaleTo = 0] = b.limits
  return scaleTo >= scale && lengthTo - scaleTo >= length - scale
}

const aliases: Readonly<Record<string, string>> = {
  'character varying': 'varchar',
  serial: 'integer',
  bigserial: 'bigint',
  smallserial: 'smallint',
  decimal: 'numeric',
}

function parse(type: string): Type {
  const [, name = '', limits = '', rest = '', dimensions = ''] =
    /^([^(["]+|"[^"]+")\s*(?:\(([\d\s,]*)\))?([^[]*)((?:\[\d*\])*)$/.exec(type.toLowerCase()) ?? [undefined, type]
  const plain = (name.trim() + rest).replace(/^"(.*)"$/, '$1')
  return {
    name: aliases[plain] ?? plain,
    limits: limits === '' ? [] : limits.split(',').map(Number),
    dimensions: dimensions.replaceAll(/\d/g, ''),
  }
}

/** Returns an SQL value of a type for existing rows; undefined if none is obvious. */
export function emptyValue(type: string): string | undefined {
  const { name, dimensions } = parse(type)
  if (dimensions !== '') return `'{}'`
  return empty[name]
}

const empty: Readonly<Record<string, string>> = {
  text: `''`,
  varchar: `''`,
  char: `''`,
  smallint: '0',
  integer: '0',
  bigint: '0',
  numeric: '0',
  real: '0',
  'double precision': '0',
  boolean: 'false',
  json: `'{}'`,
  jsonb: `'{}'`,
  bytea: `''`,
  uuid: 'gen_random_uuid()',
  date: 'CURRENT_DATE',
  timestamp: 'now()',
  'timestamp with time zone': 'now()',
}
