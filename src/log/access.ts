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
  const key = (field: string): string => `,"${ecs ? ecsName(field) : field}":`
  const begin = { info: new Begin(owner, 'info'), debug: new Begin(owner, 'debug') }
  const operation = new Pieces((name) => key('operation') + JSON.stringify(name))
  const method = new Pieces((name) => `${key('method')}${JSON.stringify(name)}${key('path')}"`)
  const statusOf = (code: number): Buffer => Buffer.from(`"${key('status')}${code}${key('duration_ms')}`)
  const statuses: Buffer[] = []
  const size = Buffer.from(key('bytes'))
  const peer = new Pieces((address) => key('peer') + JSON.stringify(address))
  const requestId = Buffer.from(`${key('request_id')}"`)
  const ids = idsTemplate(key('trace_id'), key('span_id'))
  const end = Buffer.from(`,"${ecs ? 'message' : 'msg'}":"request"}\n`)

  return (fields) => {
    bytes.chunk(begin[fields.level].now())
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
    if (fields.span !== undefined) writeIds(bytes, ids, fields.span)
    bytes.chunk(end)
    wrote()
  }
}

/** What a line begins with: the level, the time in ISO 8601, which is written anew once a millisecond, and whose it is. */
class Begin {
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

/** The bytes of what is said in the same words again and again. */
class Pieces {
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

/** Callers may come from any number of addresses. */
const mostPieces = 1000

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
