/** The JSON form of PostgreSQL's numeric: a string, which is exact. */
import { Type, type TString } from '@sinclair/typebox'
import type { Column } from 'drizzle-orm'

const digits = '\\d+'

/** Returns the schema of a numeric column: it rejects values that the column would round or cannot hold. */
export function decimalSchema(column: Column): TString {
  const { precision, scale = 0 } = column as Column & { precision?: number; scale?: number }
  if (precision === undefined) return Type.String({ pattern: `^-?${digits}(\\.${digits})?$` })
  return Type.String({ pattern: `^-?${wholePart(precision, scale)}${fraction(precision, scale)}$` })
}

/** Returns the schema of an integer that a number may not hold. */
export function digitsSchema(most?: number): TString {
  return Type.String({ pattern: `^-?${most === undefined ? digits : `\\d{1,${most}}`}$` })
}

// https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-NUMERIC-DECIMAL
function wholePart(precision: number, scale: number): string {
  const most = precision - scale
  if (most <= 0) return '0+'
  // A negative scale rounds to tens, hundreds, …
  return scale < 0 ? `0*(\\d{1,${precision}}0{${-scale}}|0)` : `0*\\d{1,${most}}`
}

function fraction(precision: number, scale: number): string {
  if (scale <= 0) return '(\\.0+)?'
  const zeros = Math.max(0, scale - precision) // 0.00xx
  const some = zeros > 0 ? `(0{1,${zeros}}|0{${zeros}}\\d{1,${precision}})` : `\\d{1,${scale}}`
  return `(\\.${some}0*)?`
}
