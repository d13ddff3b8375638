/**
 * Dates in a DateStyle other than ISO, after `SET LOCAL DateStyle`.
 * https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-OUTPUT
 */
import { parseArray } from './array.ts'
import type { Decode, DecoderOf } from '../wire/decoder.ts'

/** Decoders for a session with another DateStyle: they convert dates to ISO, then use the usual decoders. */
export function inDateStyle(style: string, decoderOf: DecoderOf): DecoderOf {
  const isDayFirst = style.endsWith('DMY')
  return (type) => {
    const element = elements.get(type)
    if (element === undefined) return decoderOf(type)
    const decode = decoderOf(element)
    const decodeText = (text: string): unknown => {
      const iso = Buffer.from(isoOf(text, isDayFirst))
      return decode(iso, 0, iso.length)
    }
    const ofText: Decode = (bytes, start, end) => decodeText(bytes.toString('latin1', start, end))
    const ofArray: Decode = (bytes, start, end) => parseArray(bytes.toString('latin1', start, end), decodeText, ',')
    return element === type ? ofText : ofArray
  }
}

// date, timestamp, timestamptz, and arrays of them
const elements: ReadonlyMap<number, number> = new Map([
  [1082, 1082],
  [1114, 1114],
  [1184, 1184],
  [1182, 1082],
  [1115, 1114],
  [1185, 1184],
])

const time = String.raw`(?<time>\d\d:\d\d:\d\d(?:\.\d+)?)`
const rest = String.raw`(?: (?<zone>\S+?))??(?<bc> BC)?$`
const numeric = new RegExp(
  String.raw`^(?<first>\d\d)(?<between>[./-])(?<second>\d\d)\k<between>(?<year>\d{4,})(?: ${time})?${rest}`,
)
const named = new RegExp(
  String.raw`^\w{3} (?:(?<month>[A-Z][a-z]{2}) (?<day>\d\d)|(?<firstDay>\d\d) (?<secondMonth>[A-Z][a-z]{2})) ${time} (?<year>\d{4,})${rest}`,
)

const isIso = /^(\d{4,}-|-?infinity$)/

/** Converts `01.07.2024 09:00:00 UTC`, `07/01/2024` or `Mon Jul 01 09:00:00 2024` to ISO style. */
function isoOf(text: string, isDayFirst: boolean): string {
  if (isIso.test(text)) return text // behind a pooler, a transaction may change its style without a report
  const parts = (numeric.exec(text) ?? named.exec(text))?.groups
  if (!parts) throw new RangeError('not a date in the DateStyle of the session')
  const { year, time: clock, zone, bc = '' } = parts
  const [month, day] = monthAndDay(parts, isDayFirst)
  return `${year}-${month}-${day}${clock ? ` ${clock}` : ''}${zone ? offsetOf(zone) : ''}${bc}`
}

function monthAndDay(parts: Record<string, string | undefined>, isDayFirst: boolean): readonly [string, string] {
  const name = parts['month'] ?? parts['secondMonth']
  if (name) {
    const month = 'JanFebMarAprMayJunJulAugSepOctNovDec'.indexOf(name) / 3 + 1
    return [String(month).padStart(2, '0'), (parts['day'] ?? parts['firstDay'])!]
  }
  const [first, second] = [parts['first']!, parts['second']!]
  return isDayFirst || parts['between'] === '.' ? [second, first] : [first, second]
}

// Abbreviations are ambiguous: IST is the name of three zones.
function offsetOf(zone: string): string {
  if (zone === 'UTC' || zone === 'GMT') return '+00'
  if (/^[+-]\d\d(:\d\d)*$/.test(zone)) return zone
  throw new RangeError(`the time zone ${zone} has no offset: use DateStyle ISO, or TimeZone UTC`)
}
