import { levels, type Level, type LogLine } from './logLine.ts'

/** What a search of log lines asks for. */
export interface LogQuery {
  readonly service?: string
  /** The lowest level. */
  readonly level?: Level
  readonly traceId?: string
  readonly spanId?: string
  /** Words that all occur in the line; `name=value` is a field of it. */
  readonly text?: string
}

/** Compiles a search, so that a line costs little. */
export function logMatcher({ service, level, traceId, spanId, text = '' }: LogQuery): (line: LogLine) => boolean {
  const lowest = level === undefined ? 0 : levels[level]
  const words = [...text.matchAll(/"([^"]*)"?|[^\s"]+/g)].map(([word, quoted]) => patternOf(quoted ?? word))
  return (line) =>
    levels[line.level] >= lowest &&
    (service === undefined || line.service === service) &&
    (traceId === undefined || line.traceId === traceId) &&
    (spanId === undefined || line.spanId === spanId) &&
    words.every((word) => word.test(line.raw))
}

/** A field is written as `"name":value` or `name=value`. */
function patternOf(word: string): RegExp {
  const [, name, value] = /^([\w.-]+)=(.+)$/.exec(word) ?? []
  if (name === undefined) return new RegExp(escaped(word), 'i')
  // It begins with a letter and not with an optional quote, so that the engine can skip to it.
  return new RegExp(`${escaped(name)}"?[:=]"?${escaped(value!)}`, 'i')
}

/** Escapes a text for a regular expression. */
export function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)
}
