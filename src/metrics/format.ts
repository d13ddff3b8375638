/** Escapes a label's value, and in OpenMetrics also a help text. */
export function escapeValue(text: string): string {
  return /[\\"\n]/.test(text) ? text.replaceAll(/[\\"\n]/g, escaped) : text
}

/** Escapes a help text in Prometheus' format, which leaves quotes as they are. */
export function escapeHelp(text: string): string {
  return text.replaceAll(/[\\\n]/g, escaped)
}

/** Formats a number for both formats. */
export function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

/** Formats a bucket's limit for OpenMetrics, where integers have a decimal point, too. */
export function canonicalFloat(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : numberText(value)
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}
