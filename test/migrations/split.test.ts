import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tokens } from '../../src/sqlText/lexer.ts'
import { splitStatements } from '../../src/migrations/split.ts'

function split(sql: string): string[] {
  return splitStatements(sql).map(({ text }) => text)
}

test.each([
  ['SELECT 1; SELECT 2', ['SELECT 1', 'SELECT 2']],
  [' ;; SELECT 1 ;; -- ; \n', ['SELECT 1']],
  [`SELECT ';', E'\\';', U&'d\\0061;', 'it''s;'; x`, [`SELECT ';', E'\\';', U&'d\\0061;', 'it''s;'`, 'x']],
  [`SELECT ";" AS "a"";b"; x`, [`SELECT ";" AS "a"";b"`, 'x']],
  ['SELECT $$;$$, $a$ $$;$b$ $a$; x', ['SELECT $$;$$, $a$ $$;$b$ $a$', 'x']],
  ['SELECT a$1;b$2', ['SELECT a$1', 'b$2']],
  ['SELECT 1 /* ; /* ; */ ; */; x -- ;\n y', ['SELECT 1', 'x -- ;\n y']],
  [
    'CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; DELETE FROM c); x',
    ['CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; DELETE FROM c)', 'x'],
  ],
  [
    'CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; x',
    ['CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END', 'x'],
  ],
  [
    'SELECT 1 AS "begin"; SELECT CASE WHEN a THEN b END; x',
    ['SELECT 1 AS "begin"', 'SELECT CASE WHEN a THEN b END', 'x'],
  ],
  ['', []],
])('%s', (sql, statements) => {
  expect(split(sql)).toEqual(statements)
})

test('reports the line of each statement', () => {
  expect(splitStatements('-- a\n\nSELECT\n1;SELECT 2;\n\n  SELECT 3').map(({ line }) => line)).toEqual([3, 4, 6])
})

test.each([`SELECT 'a`, `SELECT E'a\\'`, 'SELECT "a', 'SELECT $a$ ; $b$', 'SELECT 1 /* /* */'])(
  '%s is never closed',
  (sql) => {
    expect(() => split(sql)).toThrow(/^line 1: a (quote|comment) is not closed/)
  },
)

const text = fc.string({ unit: fc.constantFrom(...Array.from(`ab;'"$\\/*-() \n\u00e9`)) })
const gap = fc.oneof(
  fc.constantFrom(' ', '\n', '\t'),
  text.map((inner) => `--${inner.replaceAll('\n', '')}\n`),
  text.map((inner) => `/*${inner.replaceAll(/\*+\/|\/\*+|[*/]/g, '')}*/`),
)
const piece = fc.oneof(
  fc.constantFrom('a', 'é', 'SELECT', 'e', 'x1', 'a$b', '$1', '1.5', '::', ',', '='),
  text.map((inner) => `'${inner.replaceAll("'", "''")}'`),
  text.map((inner) => `E'${inner.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
  text.map((inner) => `"${inner.replaceAll('"', '""')}"`),
  text.map((inner) => `$tag$${inner}$tag$`),
  text.map((inner) => `(${inner.replaceAll(/[^ab; \n]/g, '')})`),
)
const statement = fc
  .array(piece, { minLength: 1, maxLength: 6 })
  .chain((pieces) =>
    fc
      .array(gap, { minLength: pieces.length - 1, maxLength: pieces.length - 1 })
      .map((gaps) => pieces.map((each, index) => each + (gaps[index] ?? '')).join('')),
  )

test('splits joined statements into the same statements', () => {
  fc.assert(
    fc.property(fc.array(statement), fc.array(gap), (statements, gaps) => {
      const sql = statements.map((each, index) => `${gaps[index] ?? ''}${each}`).join(';')
      expect(split(sql)).toEqual(statements)
    }),
    { numRuns: 1000 },
  )
})

test('splits any text without loss, or rejects it with a line number', () => {
  fc.assert(
    fc.property(text, (sql) => {
      try {
        const all = [...tokens(sql)]
        for (const { text: part, start } of all) expect(sql.slice(start, start + part.length)).toBe(part)
        const isKept = ({ text: part }: { text: string }): boolean => part !== ';'
        expect(
          splitStatements(sql)
            .flatMap((each) => each.tokens)
            .filter(isKept),
        ).toEqual(all.filter(isKept))
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError)
        expect((error as Error).message).toMatch(/^line \d+: /)
      }
    }),
    { numRuns: 1000 },
  )
})

test('splits a quoted megabyte quickly and without a deep stack', () => {
  const sql = `SELECT '${"it''s ".repeat(200_000)}'; SELECT $$${'; '.repeat(500_000)}$$`
  expect(splitStatements(sql)).toHaveLength(2)
})
