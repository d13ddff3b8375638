import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type Encoded, Output } from '../../../src/sql/wire/output.ts'
import { message, messagesIn, short } from './messages.ts'

function written(write: (output: Output) => void): Buffer {
  const output = new Output()
  write(output)
  return output.take()
}

const name = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((each) => !each.includes('\0'))
const value: fc.Arbitrary<Encoded> = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.uint8Array({ maxLength: 200 }),
  fc.constant(null),
)

describe('messages', () => {
  it.each<[string, (output: Output) => void, Buffer]>([
    ['Parse', (out) => out.parse('s', 'SELECT $1'), message('P', 's', 'SELECT $1', short(0))],
    ['Parse with types', (out) => out.parse('', 'x', [25, 0]), message('P', '', 'x', short(2), 25, 0)],
    ['Describe', (out) => out.describe('s'), message('D', Buffer.from('S'), 's')],
    ['Close of a statement', (out) => out.closeStatement('s'), message('C', Buffer.from('S'), 's')],
    ['Close of a portal', (out) => out.closePortal('p'), message('C', Buffer.from('P'), 'p')],
    ['Execute', (out) => out.execute('p', 200), message('E', 'p', 200)],
    ['Sync', (out) => out.sync(), message('S')],
    ['Query', (out) => out.query("SELECT 'é'"), message('Q', "SELECT 'é'")],
    ['Terminate', (out) => out.terminate(), message('X')],
  ])('%s', (_, write, bytes) => {
    expect(written(write)).toEqual(bytes)
  })

  it('Bind: texts as text, bytes as binary, null without a length', () => {
    fc.assert(
      fc.property(name, name, fc.array(value, { maxLength: 20 }), (portal, statement, values) => {
        const formats = values.some((each) => each instanceof Uint8Array)
          ? [short(values.length), ...values.map((each) => short(each instanceof Uint8Array ? 1 : 0))]
          : [short(0)]
        const parts = values.flatMap((each) => {
          if (each === null) return [-1]
          const bytes = Buffer.from(each as string)
          return [bytes.length, bytes]
        })
        const bind = message('B', portal, statement, ...formats, short(values.length), ...parts, short(0))
        expect(written((output) => output.bind(portal, statement, values))).toEqual(bind)
      }),
      { numRuns: 500 },
    )
  })
})

test('taken bytes never change', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 50_000 }).filter((each) => !each.includes('\0'))
  fc.assert(
    fc.property(fc.array(fc.array(text, { maxLength: 4 }), { minLength: 2, maxLength: 12 }), (turns) => {
      const output = new Output()
      const taken = turns.map((texts) => {
        for (const each of texts) output.query(each)
        return output.take()
      })
      for (const [i, texts] of turns.entries()) {
        expect(messagesIn(taken[i]!)).toEqual(texts.map((each) => ({ code: 'Q', body: Buffer.from(`${each}\0`) })))
      }
    }),
    { numRuns: 50 },
  )
})

test('writes a value larger than a slab, between other messages', () => {
  const large = 'é'.repeat(100_000)
  const messages = messagesIn(
    written((output) => {
      output.parse('s', 'SELECT $1')
      output.bind('', 's', [large, new Uint8Array(200_000).fill(7)])
      output.sync()
    }),
  )
  expect(messages.map(({ code }) => code)).toEqual(['P', 'B', 'S'])
  expect(messages[1]!.body.includes(Buffer.from(large))).toBe(true)
  expect(messages[1]!.body.length).toBeGreaterThan(400_000)
})
