/**
 * Statements that were prepared before a migration. PostgreSQL plans them anew when tables change, but a parameter keeps
 * the type that it had when the statement was prepared.
 */
import type { DatabaseError } from '../errors/databaseError.ts'

/** Whether an error that came before anything ran can be one of what was prepared, rather than of the values. */
export function mayBeStale({ sqlstate }: DatabaseError): boolean {
  return /^(22|42|0A|XX)/.test(sqlstate)
}

/** Whether a name meant something else, or nothing, on the server connection that a pooler took. */
export function isNameless({ sqlstate }: DatabaseError): boolean {
  return sqlstate === '26000' || sqlstate === '42P05'
}

/** Whether a type can hold less than a value of it may say. */
export function isNarrow(type: number): boolean {
  return narrow.has(type)
}

/**
 * Whether a value says more than its parameter's type can hold. PostgreSQL drops the rest without an error, so that a
 * column which has become wider meanwhile would get less than was given: a timestamp drops the offset of `…T00:00+05:00`.
 */
export function isCut(values: readonly unknown[], parameterTypes: readonly number[]): boolean {
  return values.some((value, i) => {
    const cuts = narrow.get(parameterTypes[i]!)
    return cuts !== undefined && (Array.isArray(value) ? value.flat(6).some(cuts) : cuts(value))
  })
}

type Cuts = (value: unknown) => boolean

const cutsOffset: Cuts = (value) =>
  typeof value === 'string' && /\d\s*[+-]\d\d?(:?\d\d)*$|[ /][a-z]\w+$/i.test(value.slice(10))
const cutsTime: Cuts = (value) => value instanceof Date || (typeof value === 'string' && value.trim().length > 10)
const cutsZone: Cuts = (value) => typeof value === 'string' && /\d\s*[+-]\d|[a-z]{2}/i.test(value)
const cutsDigits: Cuts = (value) => value !== null && Math.fround(Number(value)) !== Number(value)
const cutsBlanks: Cuts = (value) => typeof value === 'string' && value.endsWith(' ')

// Types and their arrays by object id, see src/include/catalog/pg_type.dat of PostgreSQL. A Date as a timestamp loses
// nothing: its text is in UTC, as is the session.
const narrow: ReadonlyMap<number, Cuts> = new Map([
  [1114, cutsOffset], // timestamp
  [1115, cutsOffset],
  [1082, cutsTime], // date
  [1182, cutsTime],
  [1083, cutsZone], // time
  [1183, cutsZone],
  [700, cutsDigits], // float4
  [1021, cutsDigits],
  [1042, cutsBlanks], // char(n)
  [1014, cutsBlanks],
])
