/** Instants in the time zone of a session. */

const withOffset = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/

/**
 * Converts `2026-11-23 14:36:00.1234+09` to `2026-11-23T05:36:00.1234Z`. Values without such a form are returned as they
 * are: `infinity`, and years before 1 or after 9999.
 */
export function inUtc(text: string): string {
  const parts = withOffset.exec(text)
  if (!parts) return text
  const [, year, month, day, hour, minute, second, fraction = '', sign, hours, minutes = '0', seconds = '0'] = parts
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds))
  const instant = new Date(0)
  instant.setUTCFullYear(Number(year), Number(month) - 1, Number(day)) // Date.UTC adds 1900 to years below 100
  instant.setUTCHours(Number(hour), Number(minute), Number(second) - offset)
  const iso = instant.toISOString()
  // In UTC the instant may be in another year, one with more than four digits.
  return /^\d{4}-/.test(iso) ? `${iso.slice(0, 19)}${fraction}Z` : text
}
