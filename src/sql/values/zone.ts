/** Instants as PostgreSQL writes them in a session's time zone. */

const withOffset = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/

/**
 * `2026-11-23 14:36:00.1234+09` as `2026-11-23T05:36:00.1234Z`. What has no such form stays as it is: `infinity`, years
 * before Christ and after 9999.
 */
export function inUtc(text: string): string {
  const parts = withOffset.exec(text)
  if (!parts) return text
  const [, year, month, day, hour, minute, second, fraction = '', sign, hours, minutes = '0', seconds = '0'] = parts
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds))
  const instant = new Date(0)
  instant.setUTCFullYear(Number(year), Number(month) - 1, Number(day)) // Date.UTC takes years below 100 for 1900 and on
  instant.setUTCHours(Number(hour), Number(minute), Number(second) - offset)
  const iso = instant.toISOString()
  // Beside its offset the other side may lie in a year of more than four digits.
  return /^\d{4}-/.test(iso) ? `${iso.slice(0, 19)}${fraction}Z` : text
}
