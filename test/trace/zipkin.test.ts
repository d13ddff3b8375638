import fc from 'fast-check'
import { expect, it } from 'vitest'
import { zipkinEncoding } from '../../src/trace/export/zipkin.ts'
import { spanTemplate } from '../../src/trace/spanTemplate.ts'
import { memoryTracer, someSpans } from './fixture.ts'
import { validSpans } from './zipkinSchema.ts'

const epoch = 1_767_600_000_000
const resource = { service: 'user-service', address: '127.0.0.1', port: 8030 }

it("encodes Zipkin's format", () => {
  const { tracer } = memoryTracer()
  const [request, statement] = someSpans(tracer)
  const body = zipkinEncoding(resource).encode([request!, statement!], epoch)
  expect(validSpans(body.toString())).toEqual([
    {
      traceId: request!.traceId,
      id: request!.id,
      kind: 'SERVER',
      name: 'getUser',
      timestamp: (epoch + 1000) * 1000,
      duration: 10_000,
      localEndpoint: { serviceName: 'user-service', ipv4: '127.0.0.1', port: 8030 },
      annotations: [{ timestamp: (epoch + 1002) * 1000, value: 'retry: {"attempt":1}' }],
      tags: {
        'otel.scope.name': 'tricube',
        'http.request.method': 'GET',
        'http.route': '/users/:id',
        'url.path': '/users/"ü"',
        'http.response.status_code': '500',
        'error.type': '500',
        error: '500',
        'otel.status_code': 'ERROR',
        list: '["a","b"]',
        share: '-0.5',
        yes: 'true',
        big: '1099511627776',
        'link.0': '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331',
      },
    },
    {
      traceId: request!.traceId,
      id: statement!.id,
      parentId: request!.id,
      kind: 'CLIENT',
      name: 'SELECT users',
      timestamp: (epoch + 1001) * 1000,
      duration: 2250,
      localEndpoint: { serviceName: 'user-service', ipv4: '127.0.0.1', port: 8030 },
      remoteEndpoint: { serviceName: 'postgresql' },
      tags: {
        'otel.scope.name': 'tricube',
        'db.system.name': 'postgresql',
        'db.response.returned_rows': '3',
        'error.type': '42P01',
        error: '42P01',
        'otel.status_code': 'ERROR',
      },
    },
  ])
})

it('writes no tag twice', () => {
  const { tracer } = memoryTracer()
  const [request] = someSpans(tracer)
  request!.set('http.request.method', 'HEAD')
  request!.set('url.path', '/elsewhere')
  const body = zipkinEncoding(resource).encode([request!], epoch).toString()
  expect(validSpans(body)[0]!.tags).toMatchObject({ 'http.request.method': 'HEAD', 'url.path': '/elsewhere' })
  expect(body.match(/http.request.method|url.path/g)).toHaveLength(2)
})

it('has the untrusted caller at the edge', () => {
  const { tracer } = memoryTracer({ edge: true })
  const request = tracer.request(spanTemplate('x'), { b3: '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1' }, 1)
  request.end(2)
  const [span] = validSpans(zipkinEncoding(resource).encode([request], epoch).toString())
  expect(span!.tags['link.0']).toBe('0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331')
})

it('writes valid JSON for any text and numbers', () => {
  const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.double(), fc.maxSafeInteger(), fc.boolean())
  const text = fc.string({ unit: 'binary', maxLength: 300 })
  const encoding = zipkinEncoding(resource)
  fc.assert(
    fc.property(text, text, value, fc.double({ min: 0, max: 1e9, noNaN: true }), (name, key, of, at) => {
      const { tracer } = memoryTracer()
      const span = tracer.root(spanTemplate(name, { attributes: { [`${key} `]: of }, slots: [`1${key}`] }), at)
      span.value0 = of
      span.rename(key)
      span.set(`2${key}`, of)
      span.event(key, { [key]: of }, at)
      span.end(at + 0.0001)
      const [read] = validSpans(encoding.encode([span], epoch).toString())
      const wellFormed = (words: string): string => Buffer.from(words).toString()
      expect(read!.timestamp).toBe(Math.floor((at + epoch) * 1000))
      expect(wellFormed(read!.name)).toBe(wellFormed(key))
      for (const number of ['1', '2']) {
        const [, tag] = Object.entries(read!.tags).find(([name]) => name.startsWith(number))!
        expect(wellFormed(tag)).toBe(wellFormed(String(of)))
      }
    }),
    { numRuns: 500 },
  )
})

it('encodes an empty list and thousands of spans', () => {
  const encoding = zipkinEncoding(resource)
  expect(encoding.encode([], epoch).toString()).toBe('[]')
  const { tracer } = memoryTracer()
  const many = Array.from({ length: 5000 }, () => someSpans(tracer)[0]!)
  expect(validSpans(encoding.encode(many, epoch).toString())).toHaveLength(5000)
})
