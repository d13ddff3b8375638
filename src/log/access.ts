import { baseOf, type LogOwner } from './base.ts'
import { ecsName } from './ecs.ts'
import type { LogLevel } from './logger.ts'
import type { Output } from './output.ts'

/** What an access line says of a request that is over. */
export interface AccessFields {
  readonly operation: string | undefined
  readonly method: string
  readonly path: string
  readonly status: number
  /** Milliseconds, to the microsecond. */
  readonly duration_ms: number
  /** Of the answer's body. */
  readonly bytes: number
  /** Address of the caller. */
  readonly peer: string
  readonly request_id: string
  readonly trace_id: string | undefined
  readonly span_id: string | undefined
}

/** Writes the line of one request. */
export type AccessWriter = (level: LogLevel, fields: AccessFields) => void

const order: readonly (keyof AccessFields)[] = [
  'operation',
  'method',
  'path',
  'status',
  'duration_ms',
  'bytes',
  'peer',
  'request_id',
  'trace_id',
  'span_id',
]

/**
 * Compiles the one line that is written for each request. pino takes four times as long for it: it knows neither the fields
 * nor which of them need escaping.
 */
export function accessWriter(owner: LogOwner, output: Output): AccessWriter {
  const { ecs = false } = owner
  const [level, time, message] = ecs ? ['log.level', '@timestamp', 'message'] : ['level', 'time', 'msg']
  const base = JSON.stringify(baseOf(owner))
  const keys = order.map((field) => [field, `,"${ecs ? ecsName(field) : field}":`] as const)
  return (label, fields) => {
    let line = `{"${level}":"${label}","${time}":"${isoNow()}",${base.slice(1, -1)}`
    for (const [field, key] of keys) {
      const value = fields[field]
      if (typeof value === 'string') line += key + quoted(value)
      else if (value !== undefined) line += key + (ecs && field === 'duration_ms' ? Math.round(value * 1e6) : value)
    }
    output.write(`${line},"${message}":"request"}\n`)
  }
}

/** Everything but what JSON may hold as it is. */
const needsEscape = /[^ !#-[\]-~]/

function quoted(text: string): string {
  return needsEscape.test(text) ? JSON.stringify(text) : `"${text}"`
}

let lastMs = Number.NaN
let lastText = ''

/** The time in ISO 8601; its text is made once a millisecond. */
function isoNow(): string {
  const now = Date.now()
  if (now !== lastMs) {
    lastMs = now
    lastText = new Date(now).toISOString()
  }
  return lastText
}
