/**
 * Statements that were prepared before a migration. PostgreSQL replans them when tables change, but a parameter keeps the
 * type it had when the statement was prepared.
 */
import type { DatabaseError } from '../errors/databaseError.ts'

/** Whether an error before execution may come from an outdated prepared statement, not from the values. */
export function mayBeStale({ sqlstate }: DatabaseError): boolean {
  return /^(22|42|0A|XX)/.test(sqlstate)
}

/** Whether a statement name was unknown, or in use, on the server connection that a pooler chose. */
export function isNameless({ sqlstate }: DatabaseError): boolean {
  return sqlstate === '26000' || sqlstate === '42P05'
}

/** Whether values of a type may lose information. */
export function isNarrow(type: number): boolean {
  return narrow.has(type)
}

/**
 * Whether a value has more information than the type of its parameter can hold. PostgreSQL drops it without an error, so a
 * column that was widened in the meantime would lose data: a timestamp drops the offset of `…T00:00+05:00`.
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

// Types and their array types by OID, from PostgreSQL's src/include/catalog/pg_type.dat. A Date loses nothing as a
// timestamp: its text is in UTC, and so is the session.
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
