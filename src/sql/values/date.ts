/** Dates in PostgreSQL's ISO DateStyle. https://www.postgresql.org/docs/current/datatype-datetime.html */

// The last and the first possible Date: they sort and compare like infinity.
const endOfTime = 8.64e15

const pattern =
  /^(\d{4,})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?(?:Z|([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?( BC)?$/

/** Reads a date, a timestamp (as UTC) or a timestamptz; digits after the millisecond are cut off. */
export function dateOf(text: string): Date {
  if (text === 'infinity') return new Date(endOfTime)
  if (text === '-infinity') return new Date(-endOfTime)
  const found = pattern.exec(text)
  if (!found) throw new RangeError('not a date in ISO style')
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = '', sign, ...offset] = found
  const [hours = 0, minutes = 0, seconds = 0] = offset
  const date = new Date(0)
  // There is no year 0: 1 BC comes before 1 AD, and ISO 8601 counts it as 0. Date.UTC takes 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(offset[3] ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day))
  date.setUTCHours(Number(hour), Number(minute), Number(second), Number(fraction.padEnd(3, '0').slice(0, 3)))
  const offsetMs = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000
  const at = new Date(date.getTime() - (sign === '-' ? -offsetMs : offsetMs))
  if (Number.isNaN(at.getTime())) throw new RangeError('outside the range of a Date')
  return at
}

/** Writes a Date for PostgreSQL, in any year. Throws a RangeError for an invalid Date. */
export function textOf(date: Date): string {
  const time = date.getTime()
  if (Math.abs(time) === endOfTime) return time > 0 ? 'infinity' : '-infinity'
  const iso = date.toISOString()
  if (iso[0] !== '+' && iso[0] !== '-' && !iso.startsWith('0000')) return iso
  const year = date.getUTCFullYear()
  const rest = iso.slice(iso.indexOf('-', 1))
  return year > 0 ? `${year}${rest}` : `${String(1 - year).padStart(4, '0')}${rest} BC`
}
