import fc from 'fast-check'
import { expect, it } from 'vitest'
import { propagators } from '../../src/trace/propagation/propagators.ts'
import { parseB3 } from '../../src/trace/propagation/b3.ts'
import { getUser, memoryTracer } from './fixture.ts'

const trace = '80f198ee56343ba864fe8b2a57d3eff7'
const span = 'e457b5a2e4d86bd1'
const b3 = propagators(['b3', 'b3multi'])

it.each([
  [{ b3: `${trace}-${span}-1` }, true],
  [{ b3: `${trace}-${span}-d` }, true],
  [{ b3: `${trace}-${span}-0` }, false],
  [{ b3: `${trace}-${span}-1-05e3ac9a4f6e3b90` }, true],
  [{ b3: `${trace}-${span}` }, undefined],
  [{ 'x-b3-traceid': trace, 'x-b3-spanid': span, 'x-b3-sampled': '1' }, true],
  [{ 'x-b3-traceid': trace, 'x-b3-spanid': span, 'x-b3-sampled': 'false' }, false],
  [{ 'x-b3-traceid': trace, 'x-b3-spanid': span, 'x-b3-flags': '1' }, true],
  [{ 'x-b3-traceid': trace, 'x-b3-spanid': span }, undefined],
])('reads %j', (headers, isSampled) => {
  const { tracer } = memoryTracer({ propagator: b3 })
  expect(b3.extract(headers)?.isSampled).toBe(isSampled)
  expect(tracer.request(getUser, headers, 0).traceId).toBe(trace)
})

it('pads 64-bit trace ids with zeros', () => {
  const { tracer } = memoryTracer({ propagator: b3 })
  const request = tracer.request(getUser, { 'x-b3-traceid': trace.slice(16), 'x-b3-spanid': span }, 0)
  expect(request.traceId).toBe('0'.repeat(16) + trace.slice(16))
})

it('follows a decision without ids', () => {
  const { tracer } = memoryTracer({ sampler: { isSampled: (parent) => parent ?? true }, propagator: b3 })
  for (const headers of [{ b3: '0' }, { 'x-b3-sampled': '0' }]) {
    expect(tracer.request(getUser, headers, 0).isRecorded).toBe(false)
  }
  expect(tracer.request(getUser, { b3: '1' }, 0).isRecorded).toBe(true)
})

it.each([
  { b3: 'x' },
  { b3: '' },
  { b3: `${trace}-${span}-2` },
  { b3: `${trace}-${span}-1-05` },
  { b3: `${trace}-${span}-1-05e3ac9a4f6e3b90-` },
  { b3: `${trace.toUpperCase()}-${span}-1` },
  { b3: `${'0'.repeat(32)}-${span}-1` },
  { 'x-b3-traceid': trace },
  { 'x-b3-traceid': `${trace}0`, 'x-b3-spanid': span },
  { 'x-b3-traceid': trace, 'x-b3-spanid': '0'.repeat(16) },
  { 'x-b3-sampled': 'maybe' },
])('begins a trace of its own after %j', (headers) => {
  expect(b3.extract(headers)).toBeUndefined()
})

it('reads what it writes, in either form', () => {
  const { tracer } = memoryTracer({ propagator: b3 })
  const written: Record<string, string> = {}
  const request = tracer.request(getUser, { b3: `${trace}-${span}-1` }, 0)
  tracer.inject(request, written)
  expect(written).toEqual({
    b3: `${trace}-${request.id}-1`,
    'x-b3-traceid': trace,
    'x-b3-spanid': request.id,
    'x-b3-parentspanid': span,
    'x-b3-sampled': '1',
  })
  const { b3: single, ...multi } = written
  expect(b3.extract({ b3: single })).toEqual(b3.extract(multi))
})

it('never throws', () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom(trace, span, '-', '1', 'd'))
  fc.assert(fc.property(fc.array(piece), (pieces) => void parseB3(pieces.join('-'))))
})
