import type {
  Attributes as ApiAttributes,
  Exception,
  Link,
  Span as OtelSpan,
  SpanContext,
  SpanStatus,
  TimeInput,
} from '@opentelemetry/api'
import { errorTypeOf } from '../errorType.ts'
import type { AttributeValue } from '../spanTemplate.ts'
import type { SpanRecord } from '../spanRecord.ts'
import { monotonic } from './time.ts'

/** `SpanStatusCode.ERROR` */
const statusError = 2
/** The `error.type` when a library reports an error without a reason. */
const otherError = '_OTHER'

/** Adapts a span of tricube to OpenTelemetry's API. */
export class ApiSpan implements OtelSpan {
  readonly own: SpanRecord

  constructor(own: SpanRecord) {
    this.own = own
  }

  spanContext(): SpanContext {
    const { trace, traceId, id } = this.own
    return { traceId, spanId: id, traceFlags: trace.flags }
  }

  setAttribute(key: string, value: unknown): this {
    if (value !== undefined && value !== null) this.own.set(key, value as AttributeValue)
    return this
  }

  setAttributes(attributes: ApiAttributes): this {
    for (const [key, value] of Object.entries(attributes)) this.setAttribute(key, value)
    return this
  }

  addEvent(name: string, attributesOrTime?: ApiAttributes | TimeInput, time?: TimeInput): this {
    const hasAttributes =
      typeof attributesOrTime === 'object' && !Array.isArray(attributesOrTime) && !(attributesOrTime instanceof Date)
    const at = monotonic(hasAttributes ? time : attributesOrTime)
    this.own.event(name, hasAttributes ? defined(attributesOrTime) : {}, at)
    return this
  }

  addLink({ context: { traceId, spanId }, attributes = {} }: Link): this {
    this.own.link({ traceId, spanId, attributes: defined(attributes) })
    return this
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link)
    return this
  }

  /** Records only that it failed: messages may contain private data. */
  setStatus({ code }: SpanStatus): this {
    const status: number = code
    if (status === statusError) this.own.fail(this.own.errorType ?? otherError)
    return this
  }

  updateName(name: string): this {
    this.own.rename(name)
    return this
  }

  end(time?: TimeInput): void {
    this.own.end(monotonic(time))
  }

  isRecording(): boolean {
    return this.own.isRecorded && this.own.endedAt < 0
  }

  recordException(exception: Exception, time?: TimeInput): void {
    this.own.event('exception', { 'exception.type': errorTypeOf(exception) }, monotonic(time))
  }
}

/** Converts attributes to tricube's and drops those without a value. */
export function defined(attributes: ApiAttributes): Record<string, AttributeValue> {
  const entries = Object.entries(attributes).filter(([, value]) => value !== undefined && value !== null)
  return Object.fromEntries(entries) as Record<string, AttributeValue>
}
