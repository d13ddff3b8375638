import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrayDecoder, copyOfRow, type DecoderOf, objectDecoder, valueDecoder } from '../../../src/sql/wire/decoder.ts'
import { rowBody } from './messages.ts'

const asText: DecoderOf = (type) => (bytes, start, end) => `${type}:${bytes.toString('utf8', start, end)}`

const column = fc.record({
  name: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'a"b', "a'b", 'a\nb', '${x}', '`', '\u2028')),
  type: fc.nat(),
})
const cell = fc.option(fc.string({ unit: 'grapheme' }), { nil: null })
const row = fc
  .uniqueArray(column, { selector: ({ name }) => name, maxLength: 20 })
  .chain((columns) =>
    fc.tuple(fc.constant(columns), fc.array(cell, { minLength: columns.length, maxLength: columns.length })),
  )

describe('a row', () => {
  it('is read as an array, an object and a value, at any offset', () => {
    fc.assert(
      fc.property(row, fc.nat({ max: 20 }), ([columns, cells], before) => {
        const bytes = Buffer.concat([Buffer.alloc(before, 7), rowBody(cells), Buffer.alloc(3, 9)])
        const values = cells.map((each, i) => (each === null ? null : `${columns[i]!.type}:${each}`))
        expect(arrayDecoder(columns, asText)(bytes, before)).toEqual(values)
        const object = objectDecoder(columns, asText)(bytes, before)
        expect(new Map(Object.entries(object))).toEqual(new Map(columns.map(({ name }, i) => [name, values[i]])))
        expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
        expect(valueDecoder(columns, asText)(bytes, before)).toEqual(values[0] ?? null)
        expect(copyOfRow(bytes, before)).toEqual(rowBody(cells))
      }),
      { numRuns: 500 },
    )
  })

  it('is copied from its buffer', () => {
    const bytes = rowBody(['a', null, 'b'])
    const copy = copyOfRow(bytes, 0)
    bytes.fill(0)
    expect(copy).toEqual(rowBody(['a', null, 'b']))
  })

  it('never runs code in the name of a column', () => {
    const name = `"]: (globalThis.hacked = true), ["x`
    expect(objectDecoder([{ name, type: 25 }], asText)(rowBody(['1']), 0)).toEqual({ [name]: '25:1' })
    expect(globalThis).not.toHaveProperty('hacked')
  })

  it('has the last of two columns with one name', () => {
    const columns = [
      { name: 'a', type: 1 },
      { name: 'a', type: 2 },
    ]
    expect(objectDecoder(columns, asText)(rowBody(['x', 'y']), 0)).toEqual({ a: '2:y' })
  })
})
