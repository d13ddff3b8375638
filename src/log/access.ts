import type { Bytes } from '../bytes/bytes.ts'
import { baseOf, type LogOwner } from './base.ts'
import { ecsName } from './ecs.ts'
import type { Output } from './output.ts'

/** What an access line says of a request that is over. */
export interface AccessFields {
  readonly level: 'info' | 'debug'
  readonly operation: string | undefined
  readonly method: string
  readonly path: string
  readonly status: number
  /** Milliseconds. */
  readonly durationMs: number
  /** Of the answer's body. */
  readonly bytes: number
  /** Address of the caller; over a unix socket it has none. */
  readonly peer: string | undefined
  readonly requestId: string
  readonly span: SpanIds | undefined
}

/** A span and its trace, as integers of 32 bits, the highest first. */
export interface SpanIds {
  readonly id0: number
  readonly id1: number
  readonly trace: { readonly id0: number; readonly id1: number; readonly id2: number; readonly id3: number }
}

/** Writes the line of one request. */
export type AccessWriter = (fields: AccessFields) => void

/**
 * Compiles the one line that is written for each request: it goes as bytes to where lines are gathered, and makes no
 * string. pino takes several times as long for it: it knows neither the fields nor which of them need escaping.
 */
export function accessWriter(owner: LogOwner, { bytes, wrote }: Output): AccessWriter {
  const { ecs = false } = owner
  const key = (field: string): Buffer => Buffer.from(`,"${ecs ? ecsName(field) : field}":`)
  const [operation, method, path, status] = [key('operation'), key('method'), key('path'), key('status')]
  const [duration, size, peer, requestId] = [key('duration_ms'), key('bytes'), key('peer'), key('request_id')]
  const [levelKey, timeKey, messageKey] = ecs ? ['log.level', '@timestamp', 'message'] : ['level', 'time', 'msg']
  const beginOf = (level: string): Uint8Array => Buffer.from(`{"${levelKey}":"${level}","${timeKey}":"`)
  const begin = { info: beginOf('info'), debug: beginOf('debug') }
  const base = Buffer.from(`",${JSON.stringify(baseOf(owner)).slice(1, -1)}`)
  const ids = idsTemplate(key('trace_id'), key('span_id'))
  const end = Buffer.from(`,"${messageKey}":"request"}\n`)

  return (fields) => {
    bytes.chunk(begin[fields.level])
    bytes.chunk(isoNow())
    bytes.chunk(base)
    if (fields.operation !== undefined) {
      bytes.chunk(operation)
      bytes.json(fields.operation)
    }
    bytes.chunk(method)
    bytes.json(fields.method)
    bytes.chunk(path)
    bytes.json(fields.path)
    bytes.chunk(status)
    bytes.integer(fields.status)
    bytes.chunk(duration)
    writeDuration(bytes, fields.durationMs, ecs)
    bytes.chunk(size)
    bytes.integer(fields.bytes)
    if (fields.peer !== undefined) {
      bytes.chunk(peer)
      bytes.json(fields.peer)
    }
    bytes.chunk(requestId)
    bytes.json(fields.requestId)
    if (fields.span !== undefined) writeIds(bytes, ids, fields.span)
    bytes.chunk(end)
    wrote()
  }
}

/** In milliseconds with three decimals; ECS wants whole nanoseconds. */
function writeDuration(bytes: Bytes, durationMs: number, isNanoseconds: boolean): void {
  const microseconds = Math.round(durationMs * 1000)
  if (isNanoseconds) return bytes.integer(microseconds * 1000)
  const whole = Math.floor(microseconds / 1000)
  bytes.integer(whole)
  bytes.digitsAt(bytes.chunk(noDecimals) + 1, microseconds - whole * 1000, 3)
}

const noDecimals: Uint8Array = Buffer.from('.000')

/** Both fields, with zeros where the digits belong. */
interface IdsTemplate {
  readonly text: Uint8Array
  readonly traceAt: number
  readonly spanAt: number
}

function idsTemplate(traceKey: Buffer, spanKey: Buffer): IdsTemplate {
  const text = Buffer.from(`${traceKey.toString()}"${'0'.repeat(32)}"${spanKey.toString()}"${'0'.repeat(16)}"`)
  const traceAt = traceKey.length + 1
  return { text, traceAt, spanAt: traceAt + 32 + '"'.length + spanKey.length + 1 }
}

function writeIds(bytes: Bytes, { text, traceAt, spanAt }: IdsTemplate, { id0, id1, trace }: SpanIds): void {
  const start = bytes.chunk(text)
  bytes.hex64At(start + traceAt, trace.id0, trace.id1)
  bytes.hex64At(start + traceAt + 16, trace.id2, trace.id3)
  bytes.hex64At(start + spanAt, id0, id1)
}

let lastMs = Number.NaN
let lastText: Uint8Array = Buffer.alloc(0)

/** The time in ISO 8601; its text is made once a millisecond. */
function isoNow(): Uint8Array {
  const now = Date.now()
  if (now !== lastMs) {
    lastMs = now
    lastText = Buffer.from(new Date(now).toISOString())
  }
  return lastText
}
