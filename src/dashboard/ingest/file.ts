/** Reads files of exported traces and log records. */
import type { LogLine } from '../model/logLine.ts'
import type { StoredSpan } from '../model/span.ts'
import { otlpLines, otlpSpans } from './otlp.ts'
import { zipkinSpans } from './zipkin.ts'

/** What a file holds. */
export interface Exported {
  readonly spans: readonly StoredSpan[]
  readonly lines: readonly Omit<LogLine, 'seq'>[]
}

/**
 * Reads OTLP as JSON or Zipkin's JSON: one document, or one a line, as the file exporter of OpenTelemetry's Collector writes
 * them. Returns nothing for any other text.
 */
export function exportedIn(text: string, nowMs: number): Exported {
  const all = documentsIn(text).map((each) => contentsOf(each, nowMs))
  return { spans: all.flatMap(({ spans }) => spans), lines: all.flatMap(({ lines }) => lines) }
}

function contentsOf(document: object, nowMs: number): Exported {
  if (Array.isArray(document)) return { spans: zipkinSpans(document), lines: [] }
  try {
    return { spans: otlpSpans(document), lines: otlpLines(document, nowMs) }
  } catch {
    return { spans: [], lines: [] } // a field is not what OTLP says
  }
}

/** A line that is no JSON, such as one that was cut, is left out. */
function documentsIn(text: string): object[] {
  const one = parsed(text)
  if (one) return [one]
  const lines = text.split('\n').map(parsed)
  return lines.filter((line) => line !== undefined)
}

function parsed(text: string): object | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
