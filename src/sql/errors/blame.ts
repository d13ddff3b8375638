import type { DatabaseError } from './databaseError.ts'

/**
 * Returns the position, from 1, of the parameter that is over a limit, when the server names only the limit. It does so for
 * a numeric with too many digits and a text with too many characters. Undefined unless exactly one is over it.
 */
function parameterOver({ sqlstate, message, detail }: DatabaseError, values: readonly unknown[]): number | undefined {
  const isOver = sqlstate === '22003' ? overDigits(detail) : sqlstate === '22001' ? overLength(message) : undefined
  if (!isOver) return undefined
  const [first, second] = values.flatMap((value, i) => (isOver(value) ? [i + 1] : []))
  return second === undefined ? first : undefined
}

/** Adds the position of the parameter to an error, if it can be found out. */
export function withParameter(error: DatabaseError, values: readonly unknown[]): DatabaseError {
  const parameter = error.parameter ?? parameterOver(error, values)
  return parameter === error.parameter ? error : error.copy({ parameter })
}

type IsOver = (value: unknown) => boolean

// "A field with precision 5, scale 2 must round to an absolute value less than 10^3.", in any language.
function overDigits(detail = ''): IsOver | undefined {
  const [, scale, power] = /\d+\D+(-?\d+)\D.*10\^(-?\d+)/s.exec(detail) ?? []
  if (scale === undefined || power === undefined) return undefined
  return (value) => {
    const [, whole = '', fraction = ''] = /^[-+]?0*(\d*)(?:\.(\d*))?$/.exec(String(value)) ?? []
    if (typeof value === 'boolean' || whole + fraction === '') return false
    if (whole.length !== Number(power)) return whole.length > Number(power)
    // 999.995 becomes 1000.00.
    const digits = whole + fraction.padEnd(Number(scale), '0').slice(0, Math.max(0, Number(scale)))
    return /^9+$/.test(digits) && Number(fraction[Number(scale)] ?? 0) >= 5
  }
}

// "value too long for type character varying(5)"
function overLength(message: string): IsOver | undefined {
  const most = /\((\d+)\)/.exec(message)?.[1]
  return most === undefined
    ? undefined
    : (value) => typeof value === 'string' && Array.from(value).length > Number(most)
}
