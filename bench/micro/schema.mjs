import { internals } from '../internals.mjs'

const { quote } = await internals('schema/writer/values.ts')

const short = ['Ada', 'ada@example.com', 'open', 'London', '2026-11-26T23:34:09Z']
const long = Array.from({ length: 4 }, (_, i) =>
  'Lorem ipsum dolor sit amet, consectetur adipiscing elit. '.repeat(i + 1),
)
const ids = ['1', '42', '4711', '100042', '9007199254740991', '-7']

// integerOf of schema/validator/text.ts
function integerOf(text) {
  const isNegative = text.charCodeAt(0) === 0x2d
  const from = isNegative ? 1 : 0
  const digits = text.length - from
  if (digits === 0 || digits > 16 || (text.charCodeAt(from) === 0x30 && text.length > 1)) return undefined
  let value = 0
  for (let i = from; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  if (value > Number.MAX_SAFE_INTEGER) return undefined
  return isNegative ? -value : value
}
const integer = /^(?:0|-?[1-9]\d{0,15})$/
function plainInteger(text) {
  if (!integer.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

function over(values, run) {
  return (rounds) => {
    let last
    for (let i = 0; i < rounds; i++) last = run(values[i % values.length])
    return last
  }
}

export const schema = {
  'JSON texts up to 40 characters looked at one by one (values.ts)': {
    trick: over(short, (text) => quote(text).length),
    plain: over(short, (text) => JSON.stringify(text).length),
  },
  'longer JSON texts tested by one regular expression (values.ts)': {
    trick: over(long, (text) => quote(text).length),
    plain: over(long, (text) => JSON.stringify(text).length),
  },
  'integers of a URL digit by digit (text.ts)': {
    trick: over(ids, integerOf),
    plain: over(ids, plainInteger),
  },
}
