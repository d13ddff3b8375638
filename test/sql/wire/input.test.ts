import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  columnsIn,
  fieldsIn,
  Input,
  notificationIn,
  parameterTypesIn,
  rowCountIn,
  statusIn,
} from '../../../src/sql/wire/input.ts'
import { message, short } from './messages.ts'

const text = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('\0'))
const oid = fc.integer({ min: 0, max: 0xffff_ffff })

/** Where a body is: some bytes before it, as in a chunk of several messages. */
function body(bytes: Buffer): [bytes: Buffer, start: number] {
  const whole = Buffer.concat([Buffer.from([1, 2, 3]), bytes, Buffer.from([0, 9])])
  return [whole, 3 + 5]
}

test('messages arrive complete and in order, however the stream is cut', () => {
  const messages = fc.array(fc.tuple(fc.integer({ min: 1, max: 127 }), fc.uint8Array({ maxLength: 300 })), {
    maxLength: 20,
  })
  fc.assert(
    fc.property(messages, fc.array(fc.nat({ max: 400 })), (sent, sizes) => {
      const stream = Buffer.concat(sent.map(([code, bytes]) => message(String.fromCharCode(code), Buffer.from(bytes))))
      const got: [number, number[]][] = []
      const input = new Input((code, bytes, start, end) => got.push([code, [...bytes.subarray(start, end)]]))
      let at = 0
      for (const size of [...sizes, stream.length]) {
        if (at < stream.length) input.push(stream.subarray(at, at + size))
        at += size
      }
      expect(got).toEqual(sent.map(([code, bytes]) => [code, [...bytes]]))
    }),
    { numRuns: 500 },
  )
})

test('reads a message that arrives byte by byte', () => {
  const got: string[] = []
  const input = new Input((code, bytes, start, end) => got.push(`${code} ${bytes.toString('latin1', start, end)}`))
  for (const byte of Buffer.concat([message('Z', Buffer.from('I')), message('1'), message('C', 'SELECT 1')])) {
    input.push(Buffer.from([byte]))
  }
  expect(got).toEqual(['90 I', '49 ', '67 SELECT 1\0'])
})

describe('reads the body of', () => {
  it('RowDescription', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ name: text, type: oid }), { maxLength: 50 }), (columns) => {
        const parts = columns.flatMap(({ name, type }) => [name, 0, short(0), type | 0, short(8), -1, short(0)])
        expect(columnsIn(...body(message('T', short(columns.length), ...parts)))).toEqual(columns)
      }),
    )
  })

  it('ParameterDescription, also with OIDs above 2^31', () => {
    fc.assert(
      fc.property(fc.array(oid, { maxLength: 50 }), (types) => {
        const bytes = message('t', short(types.length), ...types.map((type) => type | 0))
        expect(parameterTypesIn(...body(bytes))).toEqual(types)
      }),
    )
  })

  it('ErrorResponse', () => {
    const letter = fc.constantFrom('S', 'V', 'C', 'M', 'D', 'H', 'P', 'p', 'W', 's', 't', 'c', 'n', 'R')
    fc.assert(
      fc.property(fc.dictionary(letter, text), (fields) => {
        const parts = Object.entries(fields).flatMap(([key, value]) => [Buffer.from(key), value])
        expect(fieldsIn(...body(message('E', ...parts, Buffer.from([0]))))).toEqual({ ...fields })
      }),
    )
  })

  it('NotificationResponse and ParameterStatus', () => {
    fc.assert(
      fc.property(text, text, (first, second) => {
        expect(notificationIn(...body(message('A', 4711, first, second)))).toEqual({ channel: first, payload: second })
        expect(statusIn(...body(message('S', first, second)))).toEqual([first, second])
      }),
    )
  })

  it.each([
    ['SELECT 3', 3],
    ['INSERT 0 12', 12],
    ['UPDATE 0', 0],
    ['DELETE 9007199254740991', 9_007_199_254_740_991],
    ['CREATE TABLE', 0],
    ['BEGIN', 0],
    ['', 0],
  ])('CommandComplete %s', (tag, count) => {
    const [bytes, start] = body(message('C', tag))
    expect(rowCountIn(bytes, start, start + tag.length + 1)).toBe(count)
  })
})
