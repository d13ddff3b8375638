/**
 * Limits of decimal numbers that are strings in JSON, like PostgreSQL's numeric: `decimalMinimum`, `decimalMaximum` and
 * their exclusive variants, as ajv keywords. JSON Schema's own `minimum` is for numbers, which round.
 */

/** The definition of a keyword for ajv's `addKeyword`. */
export interface DecimalLimit {
  readonly keyword: string
  readonly type: 'string'
  readonly schemaType: 'string'
  readonly compile: (limit: string) => LimitCheck
}

interface LimitCheck {
  (value: string): boolean
  errors?: { readonly keyword: string; readonly message: string; readonly params: { readonly limit: string } }[]
}

/** The keywords. `pattern` rejects texts that are not decimal numbers. */
export const decimalLimits: readonly DecimalLimit[] = [
  limit('decimalMinimum', '>=', (order) => order >= 0),
  limit('decimalMaximum', '<=', (order) => order <= 0),
  limit('decimalExclusiveMinimum', '>', (order) => order > 0),
  limit('decimalExclusiveMaximum', '<', (order) => order < 0),
]

function limit(keyword: string, sign: string, isWithin: (order: number) => boolean): DecimalLimit {
  return {
    keyword,
    type: 'string',
    schemaType: 'string',
    compile(most) {
      if (!decimal.test(most)) throw new TypeError(`${keyword} must be a decimal number such as '0.01', got '${most}'`)
      const errors = [{ keyword, message: `must be ${sign} ${most}`, params: { limit: most } }]
      // ajv clears `errors` before each call.
      const check: LimitCheck = (value) => {
        if (!decimal.test(value) || isWithin(compareDecimals(value, most))) return true
        check.errors = errors
        return false
      }
      return check
    },
  }
}

const decimal = /^-?\d+(?:\.\d+)?$/

/** Compares decimal numbers of any length: negative when `a` is less than `b`, positive when it is more. */
function compareDecimals(a: string, b: string): number {
  const [one, other] = [parts(a), parts(b)]
  if (one.isNegative !== other.isNegative) return one.isNegative ? -1 : 1
  const order = compareText(one.whole.padStart(other.whole.length, '0'), other.whole.padStart(one.whole.length, '0'))
  const magnitude = order || compareText(one.fraction, other.fraction)
  return one.isNegative ? -magnitude : magnitude
}

// Without trailing zeros, fractions sort like text, and -0 equals 0.
function parts(text: string): { readonly isNegative: boolean; readonly whole: string; readonly fraction: string } {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.')
  return { isNegative: text.startsWith('-') && /[1-9]/.test(text), whole, fraction: fraction.replace(/0+$/, '') }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
