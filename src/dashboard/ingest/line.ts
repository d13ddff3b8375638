/** Reads the lines that services print. */
import { withoutSecretText } from '../../log/secretText.ts'
import type { Level, LogLine } from '../model/logLine.ts'
import { cut, nameOf } from './limits.ts'

/** A request that a service has logged. */
export interface LoggedRequest {
  readonly status: number
  readonly durationMs: number
  readonly path: string
}

/** A line without its number, and the request that it is about. */
export interface ReadLine {
  readonly line: Omit<LogLine, 'seq'>
  readonly request: LoggedRequest | undefined
}

/** Characters of a line that are stored. */
const longestLine = 32_768

/** Reads JSON in the names of pino or ECS; any other text is a line of level info. */
export function readLine(service: string, text: string, nowMs: number): ReadLine {
  const record = parsed(text)
  if (!record) {
    const raw = withoutSecretText(cut(text.replaceAll(colors, ''), longestLine))
    return { line: { atMs: nowMs, level: guessedLevel(raw), service, message: raw, raw }, request: undefined }
  }
  const traceId = record['trace_id'] ?? record['trace.id']
  const spanId = record['span_id'] ?? record['span.id']
  const message = record['msg'] ?? record['message'] ?? (record['err'] as { message?: unknown } | undefined)?.message
  const time = new Date((record['time'] ?? record['@timestamp'] ?? nowMs) as string | number).getTime()
  return {
    line: {
      atMs: Number.isNaN(time) ? nowMs : time,
      level: levelOf(record['level'] ?? record['log.level']),
      service,
      message: cut(typeof message === 'string' ? message : '', 4096),
      ...(typeof traceId === 'string' && { traceId: nameOf(traceId) }),
      ...(typeof spanId === 'string' && { spanId: nameOf(spanId) }),
      raw: withoutSecretText(cut(text, longestLine)),
    },
    request: message === 'request' ? requestOf(record) : undefined,
  }
}

/** ECMA-48, 8.3.117: SGR sets colours and weight. */
const colors = /\u001b\[[\d;]{0,32}m/g // oxlint-disable-line eslint/no-control-regex

function parsed(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function requestOf(record: Record<string, unknown>): LoggedRequest | undefined {
  const status = record['status'] ?? record['http.response.status_code']
  const ns = record['event.duration']
  const durationMs = record['duration_ms'] ?? (typeof ns === 'number' ? ns / 1e6 : undefined)
  const path = record['path'] ?? record['url.path']
  if (typeof status !== 'number' || typeof durationMs !== 'number') return undefined
  return { status, durationMs, path: typeof path === 'string' ? path : '' }
}

const byNumber: Readonly<Record<number, Level>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}
const byName: ReadonlySet<unknown> = new Set(Object.values(byNumber))

function levelOf(level: unknown): Level {
  if (typeof level === 'number') return byNumber[level] ?? 'info'
  const name = String(level).toLowerCase()
  return byName.has(name) ? (name as Level) : 'info'
}

/** Node prints warnings and uncaught errors as plain text. */
function guessedLevel(text: string): Level {
  if (/^(?:Uncaught |\w*Error\b)/.test(text)) return 'error'
  return /^\(node:\d+\) .*Warning:/.test(text) ? 'warn' : 'info'
}
