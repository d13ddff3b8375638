import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bareWords } from '../../src/sqlText/bareWords.ts'
import { pieces, tokens } from '../../src/sqlText/lexer.ts'

function kindsOf(sql: string): string[] {
  return [...tokens(sql)].map(({ kind, text }) => `${kind} ${text}`)
}

describe('tokens', () => {
  it.each<[sql: string, kinds: string[]]>([
    [`E'it\\'s' e'' X'1F' U&'d\\0061'`, [`string E'it\\'s'`, `string e''`, `string X'1F'`, `string U&'d\\0061'`]],
    [`'it''s' "a""b" U&"d"`, [`string 'it''s'`, `name "a""b"`, `name U&"d"`]],
    [`E'\\\\'';'`, [`string E'\\\\'';'`]],
    ['$$a$$ $t$ $$ $t$ a$t$ $12', ['string $$a$$', 'string $t$ $$ $t$', 'word a$t$', 'symbol $12']],
    [
      '1 1.5 .5 1e10 1.5e-3 0x1F 1_000',
      ['1', '1.5', '.5', '1e10', '1.5e-3', '0x1F', '1_000'].map((n) => `number ${n}`),
    ],
    ['été, e', ['word été', 'symbol ,', 'word e']],
    ["a -- it's\n/* it's /* 'nested' */ */ b", ['word a', 'word b']],
    ["-- a\r'b'", ["string 'b'"]],
  ])('of %s', (sql, kinds) => {
    expect(kindsOf(sql)).toEqual(kinds)
  })

  it.each([
    ["\nSELECT 'a", 'line 2: a quote is not closed'],
    ["'a''", 'line 1: a quote is not closed'],
    ["E'a\\", 'line 1: a quote is not closed'],
    ['"a""', 'line 1: a quote is not closed'],
    ['$a$ $b$', 'line 1: a quote is not closed'],
    ['a\n\n/* /* */', 'line 3: a comment is not closed'],
  ])('of %j fail', (sql, message) => {
    expect(() => [...tokens(sql)]).toThrow(new SyntaxError(message))
  })
})

const sqlLike = fc.string({ unit: fc.constantFrom(...Array.from(`aeE'"$\\/*-._19 \n\ré\u{1f600};(`)), maxLength: 40 })

describe('pieces', () => {
  it('together are the text', () => {
    fc.assert(
      fc.property(fc.oneof(sqlLike, fc.string({ unit: 'binary' })), (sql) => {
        const all = [...pieces(sql)]
        expect(all.map(({ text }) => text).join('')).toBe(sql)
        let at = 0
        for (const { text, start } of all) {
          expect(start).toBe(at)
          expect(text).not.toBe('')
          at += text.length
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('are unclosed only at the end', () => {
    fc.assert(
      fc.property(sqlLike, (sql) => {
        expect([...pieces(sql)].slice(0, -1).every(({ isClosed }) => isClosed)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('take time linear in the length of the text', () => {
    const long = 200_000
    for (const sql of [
      "'".repeat(long),
      "E'\\".repeat(long),
      '$a$'.repeat(long),
      '/*'.repeat(long),
      '"a'.repeat(long),
    ]) {
      const start = performance.now()
      for (const piece of pieces(sql)) void piece
      expect(performance.now() - start).toBeLessThan(5000)
    }
  })
})

describe('bare words', () => {
  it.each([
    [`SELECT 'drop' /* it's */ FROM "delete" -- 'x`, `SELECT ''   FROM "  `],
    [`SELECT E'\\' delete', a$b$ 'x'`, `SELECT '', a$b$ ''`],
    ['SELECT $f$ delete $f$ || "a""b"', `SELECT '' || "`],
    ["SELECT 'never closed", "SELECT ''"],
  ])('of %j', (sql, words) => {
    expect(bareWords(sql)).toBe(words)
  })
})
