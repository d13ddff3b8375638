import type { Bytes } from '../bytes/bytes.ts'
import { baseOf, type LogOwner } from './base.ts'
import { ecsName } from './ecs.ts'
import type { Output } from './output.ts'

/** The fields of an access log line. */
export interface AccessFields {
  readonly level: 'info' | 'debug'
  readonly operation: string | undefined
  readonly method: string
  readonly path: string
  readonly status: number
  /** The duration in milliseconds. */
  readonly durationMs: number
  /** The size of the response body in bytes. */
  readonly bytes: number
  /** The caller's address; undefined over a Unix socket. */
  readonly peer: string | undefined
  readonly requestId: string
  /** The identified caller, such as `user 7`; undefined without one. */
  readonly caller: string | undefined
  readonly span: SpanIds | undefined
}

/** The ids of a span and its trace as 32-bit integers, the highest first. */
export interface SpanIds {
  readonly id0: number
  readonly id1: number
  readonly trace: { readonly id0: number; readonly id1: number; readonly id2: number; readonly id3: number }
}

/** Writes the access line of a request. */
export type AccessWriter = (fields: AccessFields) => void

/**
 * Compiles the writer of access lines, which appends bytes to the output's buffer and makes no string.
 *
 * pino takes several times as long, because it knows neither the fields nor which of them need escaping.
 */
export function accessWriter(owner: LogOwner, { bytes, wrote }: Output): AccessWriter {
  const { ecs = false } = owner
  const key = (field: string): string => `,"${ecs ? ecsName(field) : field}":`
  const prefix = { info: new LinePrefix(owner, 'info'), debug: new LinePrefix(owner, 'debug') }
  const operation = new EncodedTexts((name) => key('operation') + JSON.stringify(name))
  const method = new EncodedTexts((name) => `${key('method')}${JSON.stringify(name)}${key('path')}"`)
  const statusOf = (code: number): Buffer => Buffer.from(`"${key('status')}${code}${key('duration_ms')}`)
  const statuses: Buffer[] = []
  const size = Buffer.from(key('bytes'))
  const peer = new EncodedTexts((address) => key('peer') + JSON.stringify(address))
  const requestId = Buffer.from(`${key('request_id')}"`)
  const caller = Buffer.from(`${key('caller')}"`)
  const ids = idsTemplate(key('trace_id'), key('span_id'))
  const end = Buffer.from(`,"${ecs ? 'message' : 'msg'}":"request"}\n`)

  return (fields) => {
    bytes.chunk(prefix[fields.level].now())
    if (fields.operation !== undefined) bytes.chunk(operation.of(fields.operation))
    bytes.chunk(method.of(fields.method))
    bytes.inJson(fields.path)
    bytes.chunk((statuses[fields.status] ??= statusOf(fields.status)))
    writeDuration(bytes, fields.durationMs, ecs)
    bytes.chunk(size)
    bytes.integer(fields.bytes)
    if (fields.peer !== undefined) bytes.chunk(peer.of(fields.peer))
    bytes.chunk(requestId)
    bytes.inJson(fields.requestId)
    bytes.byte(quote)
    if (fields.caller !== undefined) {
      bytes.chunk(caller)
      bytes.inJson(fields.caller)
      bytes.byte(quote)
    }
    if (fields.span !== undefined) writeIds(bytes, ids, fields.span)
    bytes.chunk(end)
    wrote()
  }
}

/** The start of a line: the level, the ISO 8601 time, which is formatted once per millisecond, and the owner's fields. */
class LinePrefix {
  readonly #text: Buffer
  readonly #timeAt: number
  #ms = Number.NaN

  constructor(owner: LogOwner, level: string) {
    const [levelKey, timeKey] = owner.ecs ? ['log.level', '@timestamp'] : ['level', 'time']
    const head = `{"${levelKey}":"${level}","${timeKey}":"`
    this.#text = Buffer.from(`${head}${new Date(0).toISOString()}",${JSON.stringify(baseOf(owner)).slice(1, -1)}`)
    this.#timeAt = head.length
  }

  now(): Uint8Array {
    const now = Date.now()
    if (now !== this.#ms) this.#text.write(new Date((this.#ms = now)).toISOString(), this.#timeAt, 'latin1')
    return this.#text
  }
}

/** A cache of encoded words that occur in many lines. */
class EncodedTexts {
  readonly #make: (word: string) => string
  readonly #known = new Map<string, Uint8Array>()

  constructor(make: (word: string) => string) {
    this.#make = make
  }

  of(word: string): Uint8Array {
    const known = this.#known.get(word)
    if (known !== undefined) return known
    if (this.#known.size === mostPieces) this.#known.clear()
    const made = Buffer.from(this.#make(word))
    this.#known.set(word, made)
    return made
  }
}

/** Bounds the cache, because a caller's address may be anything. */
const mostPieces = 1000

/** Writes milliseconds with three decimals, or for ECS integer nanoseconds. */
function writeDuration(bytes: Bytes, durationMs: number, isNanoseconds: boolean): void {
  const microseconds = Math.round(durationMs * 1000)
  if (isNanoseconds) return bytes.integer(microseconds * 1000)
  const whole = Math.floor(microseconds / 1000)
  bytes.integer(whole)
  bytes.digitsAt(bytes.chunk(noDecimals) + 1, microseconds - whole * 1000, 3)
}

const noDecimals: Uint8Array = Buffer.from('.000')

/** Both fields, with zeros for the digits. */
interface IdsTemplate {
  readonly text: Uint8Array
  readonly traceAt: number
  readonly spanAt: number
}

function idsTemplate(traceKey: string, spanKey: string): IdsTemplate {
  const text = Buffer.from(`${traceKey}"${'0'.repeat(32)}"${spanKey}"${'0'.repeat(16)}"`)
  const traceAt = traceKey.length + 1
  return { text, traceAt, spanAt: traceAt + 32 + '"'.length + spanKey.length + 1 }
}

function writeIds(bytes: Bytes, { text, traceAt, spanAt }: IdsTemplate, { id0, id1, trace }: SpanIds): void {
  const start = bytes.chunk(text)
  bytes.hex64At(start + traceAt, trace.id0, trace.id1)
  bytes.hex64At(start + traceAt + 16, trace.id2, trace.id3)
  bytes.hex64At(start + spanAt, id0, id1)
}

const quote = 0x22
