import fc from 'fast-check'
import { expect, it } from 'vitest'
import { otlpJsonEncoding } from '../../src/trace/export/otlpJson.ts'
import { otlpProtobufEncoding } from '../../src/trace/export/otlpProtobuf.ts'
import { spanTemplate, type AttributeValue } from '../../src/trace/spanTemplate.ts'
import type { SpanRecord } from '../../src/trace/spanRecord.ts'
import { memoryTracer, someSpans } from './fixture.ts'
import { Message } from './protobuf.ts'

const epoch = 1_767_600_000_000
const resource = { service: 'user-service', attributes: { 'service.version': '1.2.3' } }

/** The JSON form of an encoded body, by the field numbers of opentelemetry-proto's trace.proto. */
function decoded(body: Buffer): unknown {
  return {
    resourceSpans: new Message(body).messages(1).map((ofResource) => ({
      resource: { attributes: keyValues(ofResource.messages(1)[0]!, 1) },
      scopeSpans: ofResource.messages(2).map((ofScope) => ({
        scope: { name: ofScope.messages(1)[0]!.text(1) },
        spans: ofScope.messages(2).map((span) => ({
          traceId: span.bytes(1)!.toString('hex'),
          spanId: span.bytes(2)!.toString('hex'),
          ...(span.has(3) && { traceState: span.text(3) }),
          ...(span.has(4) && { parentSpanId: span.bytes(4)!.toString('hex') }),
          flags: Number(span.number(16) ?? 0n),
          name: span.text(5),
          kind: Number(span.number(6)),
          startTimeUnixNano: String(span.number(7)),
          endTimeUnixNano: String(span.number(8)),
          attributes: keyValues(span, 9),
          ...(span.has(11) && {
            events: span.messages(11).map((event) => ({
              name: event.text(2),
              timeUnixNano: String(event.number(1)),
              attributes: keyValues(event, 3),
            })),
          }),
          ...(span.has(13) && {
            links: span.messages(13).map((link) => ({
              traceId: link.bytes(1)!.toString('hex'),
              spanId: link.bytes(2)!.toString('hex'),
              attributes: keyValues(link, 4),
            })),
          }),
          status: span.has(15) ? { code: Number(span.messages(15)[0]!.number(3)) } : {},
        })),
      })),
    })),
  }
}

function keyValues(message: Message, field: number): unknown[] {
  return message.messages(field).map((pair) => ({ key: pair.text(1), value: anyValue(pair.messages(2)[0]!) }))
}

function anyValue(value: Message): unknown {
  if (value.has(1)) return { stringValue: value.text(1) }
  if (value.has(2)) return { boolValue: value.number(2) === 1n }
  if (value.has(3)) return { intValue: String(BigInt.asIntN(64, value.number(3)!)) }
  if (value.has(5)) return { arrayValue: { values: value.messages(5)[0]!.messages(1).map(anyValue) } }
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value.number(4)!)
  const double = bytes.readDoubleLE()
  return { doubleValue: Number.isFinite(double) ? double : String(double) }
}

/** JSON without regard to order, which OTLP gives no meaning. */
function sorted(json: string): unknown {
  return JSON.parse(json, (_, value: unknown) =>
    Array.isArray(value) && value.every((item) => typeof item === 'object' && 'key' in (item as object))
      ? value.toSorted((a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1))
      : value,
  )
}

function expectSame(spans: readonly SpanRecord[]): void {
  const json = otlpJsonEncoding(resource).encode(spans, epoch).toString()
  const protobuf = otlpProtobufEncoding(resource).encode(spans, epoch)
  expect(sorted(JSON.stringify(decoded(protobuf)))).toEqual(sorted(json))
}

it("encodes OTLP's JSON", () => {
  const { tracer } = memoryTracer()
  const [request, statement] = someSpans(tracer)
  const body: unknown = JSON.parse(otlpJsonEncoding(resource).encode([statement!], epoch).toString())
  expect(body).toEqual({
    resourceSpans: [
      {
        resource: {
          attributes: [
            { key: 'service.name', value: { stringValue: 'user-service' } },
            { key: 'telemetry.sdk.language', value: { stringValue: 'nodejs' } },
            { key: 'telemetry.sdk.name', value: { stringValue: 'tricube' } },
            { key: 'process.pid', value: { intValue: String(process.pid) } },
            { key: 'service.version', value: { stringValue: '1.2.3' } },
          ],
        },
        scopeSpans: [
          {
            scope: { name: 'tricube' },
            spans: [
              {
                traceId: request!.traceId,
                spanId: statement!.id,
                parentSpanId: request!.id,
                flags: 1,
                name: 'SELECT users',
                kind: 3,
                startTimeUnixNano: `${epoch + 1001}000000`,
                endTimeUnixNano: `${epoch + 1003}250000`,
                attributes: [
                  { key: 'db.system.name', value: { stringValue: 'postgresql' } },
                  { key: 'peer.service', value: { stringValue: 'postgresql' } },
                  { key: 'db.response.returned_rows', value: { intValue: '3' } },
                  { key: 'error.type', value: { stringValue: '42P01' } },
                ],
                status: { code: 2 },
              },
            ],
          },
        ],
      },
    ],
  })
})

it('encodes the same in protobuf', () => {
  const { tracer } = memoryTracer()
  expectSame(someSpans(tracer))
  const [again] = someSpans(tracer)
  again!.set('http.request.method', 'HEAD')
  again!.set('url.path', '/elsewhere')
  expectSame([again!])
  const edge = memoryTracer({ edge: true }).tracer
  const request = edge.request(spanTemplate('x'), { b3: '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1' }, 1)
  request.end(2)
  expectSame([request])
})

it('encodes any text and numbers the same in protobuf', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20_000, size: 'medium' })
  const value: fc.Arbitrary<AttributeValue> = fc.oneof(
    text,
    fc.double(),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.array(text, { maxLength: 200 }),
  )
  fc.assert(
    fc.property(text, text, value, fc.double({ min: 0, max: 1e9, noNaN: true }), (name, key, of, at) => {
      const { tracer } = memoryTracer()
      const span = tracer.root(spanTemplate(name, { slots: [`1${key}`] }), at)
      span.value0 = of
      span.set(`2${key}`, of)
      span.event(name, { [key]: of }, at)
      span.end(at * 2)
      expectSame([span])
    }),
  )
})
