import fc from 'fast-check'
import { expect, it } from 'vitest'
import { withoutLiterals } from '../../src/sqlText/literals.ts'

it.each([
  [`SELECT * FROM users WHERE name = 'O''Hara' AND id = $1`, 'SELECT * FROM users WHERE name = ? AND id = $1'],
  [`SELECT E'it\\'s secret', 'x'`, 'SELECT ?, ?'],
  ['SELECT $tag$ secret $ $tag$, $$also$$', 'SELECT ?, ?'],
  ['SELECT 1, 2.5, 1e10, t1.c2, $12, "3d"', 'SELECT ?, ?, ?, t1.c2, $12, "3d"'],
  [`SELECT\n  a,\n  b  FROM t`, 'SELECT a, b FROM t'],
  [`SELECT B'101', U&'secret'`, 'SELECT ?, ?'],
  [`SELECT 'never closed`, 'SELECT ?'],
  // An apostrophe that opens no string must not turn the strings behind it inside out.
  [`SELECT a -- it's\nFROM t WHERE b = 'secret'`, `SELECT a -- it? FROM t WHERE b = ?`],
  [`SELECT /* it's /* nested */ */ 'secret'`, 'SELECT /* it?*/ ?'],
  [`SELECT "it's" FROM t WHERE b = 'secret'`, `SELECT "it's" FROM t WHERE b = ?`],
  [`SELECT a$b$ FROM t WHERE c = 'secret$b$'`, 'SELECT a$b$ FROM t WHERE c = ?'],
])('takes the literals out of %j', (text, clean) => {
  expect(withoutLiterals(text)).toBe(clean)
})

it('reveals no literal', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('', ' ', ';', ' --'), (secret, after) => {
      const marked = `s3cr3t${secret}`
      expect(withoutLiterals(`SELECT '${marked.replaceAll("'", "''")}'${after}`)).toBe(`SELECT ?${after}`.trim())
    }),
  )
})
