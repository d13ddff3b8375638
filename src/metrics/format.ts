/** A label's value inside its quotes; in OpenMetrics also a help text. */
export function escapeValue(text: string): string {
  return /[\\"\n]/.test(text) ? text.replaceAll(/[\\"\n]/g, escaped) : text
}

/** A help text in Prometheus' format, where quotes stay as they are. */
export function escapeHelp(text: string): string {
  return text.replaceAll(/[\\\n]/g, escaped)
}

/** A number as both formats write it. */
export function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

/** A bucket's limit in OpenMetrics, where also whole numbers have a point. */
export function canonicalFloat(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : numberText(value)
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}
