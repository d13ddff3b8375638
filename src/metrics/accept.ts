import { openMetrics, prometheus, type TextFormat } from './expose.ts'

/**
 * Returns the format that a scraper's `accept` header prefers: OpenMetrics when it is named and `text/plain` has no higher
 * weight, else Prometheus' own.
 */
export function negotiate(accept: string | undefined): TextFormat {
  let open = 0
  let plain = 0
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim())
    const version = parameterOf(parameters, 'version')
    const weight = weightOf(parameterOf(parameters, 'q'))
    if (type === 'application/openmetrics-text' && (version ?? '1.0.0') === '1.0.0') open = Math.max(open, weight)
    if (type === 'text/plain') plain = Math.max(plain, weight)
  }
  return open > 0 && open >= plain ? openMetrics : prometheus
}

function parameterOf(parameters: readonly string[], name: string): string | undefined {
  return parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1)
}

function weightOf(q: string | undefined): number {
  const weight = q === undefined ? 1 : Number(q)
  return weight >= 0 && weight <= 1 ? weight : 0
}
