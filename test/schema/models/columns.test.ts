import { pgEnum, pgTable, type PgColumnBuilderBase } from 'drizzle-orm/pg-core'
import { getPgColumnBuilders } from 'drizzle-orm/pg-core/columns/all'
import { getTableConfig } from 'drizzle-orm/pg-core'
import { contract, service } from 'tricube'
import { insertSchema, selectSchema } from 'tricube/models'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const make = getPgColumnBuilders()
const mood = pgEnum('mood', ['sad', 'ok'])
const Size = { Small: 'S', Large: 'L' } as const
const size = pgEnum('size', Size)

interface Case {
  readonly column: () => PgColumnBuilderBase
  /** What is sent, stored and answered, as it is. */
  readonly takes: readonly unknown[]
  /** What is a 400. */
  readonly refuses: readonly unknown[]
}

const digits = '9223372036854775807'
const point = { takes: ['(1,2)', '(-1.5,1e+300)'], refuses: ['1', [1, 2], { x: 1, y: 2 }] }
const line = { takes: ['{1,2,3}'], refuses: ['1', [1, 2, 3], { a: 1, b: 2, c: 3 }] }
const integer8 = { takes: [0, -5, Number.MAX_SAFE_INTEGER], refuses: [1.5, '1', Number.MAX_SAFE_INTEGER + 1, 1e300] }
const bigint8 = {
  takes: [5, Number.MIN_SAFE_INTEGER, '9007199254740993', digits, '-9223372036854775808'],
  refuses: [9007199254740992, 1e20, 1.5, 'x', '1.5', `${digits}0`, '9223372036854775808'],
}
const local = {
  takes: ['2026-01-31T10:00:00', '2026-01-31T10:00:00.123456'],
  refuses: ['2026-01-31T10:00:00Z', 'now', 5],
}
const zoned = {
  takes: ['2026-01-31T10:00:00Z', '2026-01-31T10:00:00.123456Z'],
  refuses: ['2026-01-31T10:00:00', 'now', 5],
}
const day = { takes: ['2026-01-31'], refuses: ['2026-02-31', 'today', 5] }
const decimal = {
  takes: ['12.50', '-0.01', '9999999999.99'],
  refuses: [12.5, '12.505', '10000000000.00', 'NaN', '1e3', ''],
}

/** Every type of column in every mode. */
const cases: Readonly<Record<string, Case>> = {
  'bigint number': { column: () => make.bigint({ mode: 'number' }), ...integer8 },
  'bigint bigint': { column: () => make.bigint({ mode: 'bigint' }), ...bigint8 },
  'bigserial number': { column: () => make.bigserial({ mode: 'number' }), ...integer8 },
  'bigserial bigint': { column: () => make.bigserial({ mode: 'bigint' }), ...bigint8 },
  boolean: { column: () => make.boolean(), takes: [true, false], refuses: ['true', 1] },
  char: { column: () => make.char({ length: 3 }), takes: ['abc'], refuses: ['abcd', 1] },
  'char enum': { column: () => make.char({ length: 3, enum: ['abc', 'xyz'] }), takes: ['xyz'], refuses: ['ab', 1] },
  cidr: { column: () => make.cidr(), takes: ['10.0.0.0/8', '::/0'], refuses: ['x', 1] },
  customType: {
    column: () => make.customType<{ data: unknown }>({ dataType: () => 'jsonb' })(),
    takes: ['5', 5, { a: 1 }],
    refuses: [],
  },
  'date date': { column: () => make.date({ mode: 'date' }), ...day },
  'date string': { column: () => make.date({ mode: 'string' }), ...day },
  doublePrecision: { column: () => make.doublePrecision(), takes: [1.5, -1e300, 0], refuses: ['1.5', true] },
  enum: { column: () => mood(), takes: ['sad', 'ok'], refuses: ['SAD', 1] },
  'enum object': { column: () => size(), takes: ['S', 'L'], refuses: ['Small', 1] },
  inet: { column: () => make.inet(), takes: ['10.0.0.1', '10.0.0.1/8', '::1'], refuses: ['x', 1] },
  integer: { column: () => make.integer(), takes: [0, 2147483647], refuses: [2147483648, 1.5, '1'] },
  interval: { column: () => make.interval(), takes: ['1 day 02:00:00'], refuses: ['x', 1] },
  json: {
    column: () => make.json(),
    takes: ['5', 'true', 'null', 'text', '{"role":"admin"}', 5, true, [1, 'x'], { a: null }],
    refuses: [],
  },
  jsonb: {
    column: () => make.jsonb(),
    takes: ['5', 'true', 'null', 'text', '{"role":"admin"}', 5, true, [1, 'x'], { a: null }],
    refuses: [],
  },
  'line tuple': { column: () => make.line({ mode: 'tuple' }), ...line },
  'line abc': { column: () => make.line({ mode: 'abc' }), ...line },
  macaddr: { column: () => make.macaddr(), takes: ['08:00:2b:01:02:03'], refuses: ['x', 1] },
  macaddr8: { column: () => make.macaddr8(), takes: ['08:00:2b:01:02:03:04:05'], refuses: ['x', 1] },
  'numeric string': { column: () => make.numeric({ precision: 12, scale: 2 }), ...decimal },
  'numeric number': { column: () => make.numeric({ precision: 12, scale: 2, mode: 'number' }), ...decimal },
  'numeric bigint': {
    column: () => make.numeric({ precision: 20, mode: 'bigint' }),
    takes: ['12345678901234567890'],
    refuses: [1, '1.5', '123456789012345678901'],
  },
  'numeric, any': {
    column: () => make.numeric(),
    takes: ['1', '-1.500', '123456789012345678901234567890.1'],
    refuses: [1, 'x', '.5', '5.'],
  },
  'numeric, a fraction only': {
    column: () => make.numeric({ precision: 2, scale: 2 }),
    takes: ['0.25', '-0.99'],
    refuses: ['1.00', '0.255'],
  },
  'numeric, a small fraction': {
    column: () => make.numeric({ precision: 2, scale: 4 }),
    takes: ['0.0012'],
    refuses: ['0.01', '0.12', '0.00123'],
  },
  'numeric, thousands': {
    column: () => make.numeric({ precision: 2, scale: -3 }),
    takes: ['99000', '-1000', '0'],
    refuses: ['1500', '100000', '999'],
  },
  'point tuple': { column: () => make.point({ mode: 'tuple' }), ...point },
  'point xy': { column: () => make.point({ mode: 'xy' }), ...point },
  'geometry tuple': { column: () => make.geometry({ mode: 'tuple' }), takes: ['POINT(1 2)'], refuses: [1, [1, 2]] },
  'geometry xy': { column: () => make.geometry({ mode: 'xy' }), takes: ['POINT(1 2)'], refuses: [1, { x: 1, y: 2 }] },
  real: { column: () => make.real(), takes: [0.5, -1], refuses: ['0.5', 1e300] },
  serial: { column: () => make.serial(), takes: [1], refuses: ['1', 2147483648] },
  smallint: { column: () => make.smallint(), takes: [32767], refuses: [32768] },
  smallserial: { column: () => make.smallserial(), takes: [32767], refuses: [32768] },
  text: { column: () => make.text(), takes: ['', 'Zoë 😀', '{"a":1}', 'null'], refuses: [1, true, null, {}] },
  'text enum': { column: () => make.text({ enum: ['free', 'paid'] }), takes: ['free'], refuses: ['gratis'] },
  time: { column: () => make.time(), takes: ['10:00:00', '10:00:00.5'], refuses: ['10', 5] },
  'time with a zone': { column: () => make.time({ withTimezone: true }), takes: ['10:00:00+02'], refuses: ['10', 5] },
  'timestamp date': { column: () => make.timestamp({ mode: 'date' }), ...local },
  'timestamp string': { column: () => make.timestamp({ mode: 'string' }), ...local },
  'timestamptz date': { column: () => make.timestamp({ withTimezone: true, mode: 'date' }), ...zoned },
  'timestamptz string': { column: () => make.timestamp({ withTimezone: true, mode: 'string' }), ...zoned },
  uuid: { column: () => make.uuid(), takes: ['0190b2f5-7a3e-7c4d-8e5f-6a7b8c9d0e1f'], refuses: ['x', 1] },
  varchar: { column: () => make.varchar({ length: 3 }), takes: ['abc', ''], refuses: ['abcd', 1] },
  'varchar enum': { column: () => make.varchar({ enum: ['free'] }), takes: ['free'], refuses: ['paid'] },
  bit: { column: () => make.bit({ dimensions: 3 }), takes: ['101'], refuses: ['102', '1010', 5] },
  halfvec: {
    column: () => make.halfvec({ dimensions: 2 }),
    takes: [[1, -0.5]],
    refuses: ['[1,2]', [1], [1, 2, 3], ['1', '2']],
  },
  sparsevec: { column: () => make.sparsevec({ dimensions: 2 }), takes: ['{1:1.5}/2'], refuses: [[1, 2]] },
  vector: {
    column: () => make.vector({ dimensions: 2 }),
    takes: [[1, -0.5]],
    refuses: ['[1,2]', [1], [1, 2, 3], ['1', '2']],
  },

  'array of text': {
    column: () => make.text().array(),
    takes: [[], ['a,b', '"', 'NULL', '{}']],
    refuses: ['{a}', [1], [null]],
  },
  'array of an enum': { column: () => mood().array(), takes: [['sad', 'ok'], []], refuses: [['SAD'], '{sad}'] },
  'array of arrays': {
    column: () => make.integer().array().array(),
    takes: [
      [
        [1, 2],
        [3, 4],
      ],
    ],
    refuses: [[1], [['1']]],
  },
  'array of bigint': {
    column: () => make.bigint({ mode: 'bigint' }).array(),
    takes: [[1, digits]],
    refuses: [[2 ** 53], ['x']],
  },
  'array of numeric': {
    column: () => make.numeric({ precision: 4, scale: 1, mode: 'number' }).array(),
    takes: [['1.5', '-999.9']],
    refuses: [[1.5], ['1.55'], ['1000.0']],
  },
  'array of jsonb': { column: () => make.jsonb().array(), takes: [['5', 5, [1], [], { a: 1 }]], refuses: [{}] },
  'array of timestamptz': {
    column: () => make.timestamp({ withTimezone: true }).array(),
    takes: [['2026-01-31T10:00:00.5Z']],
    refuses: [['now']],
  },
  'array of point': { column: () => make.point().array(), takes: [['(1,2)', '(3,4)']], refuses: [[[1, 2]]] },
  'array of vector': {
    column: () => make.vector({ dimensions: 2 }).array(),
    takes: [
      [
        [1, 2],
        [3, 4],
      ],
    ],
    refuses: [[1, 2]],
  },
  'array of boolean': { column: () => make.boolean().array(), takes: [[true, false]], refuses: [['t']] },
}

const names = Object.keys(cases)
const tableOf = (name: string) => {
  const column = cases[name]!.column as typeof make.text
  return pgTable(`table of ${name}`, { value: column().notNull(), maybe: column() })
}
const tables = Object.fromEntries(names.map((name) => [name, tableOf(name)]))

/** An operation for each column: it stores what is sent, and answers what was stored. */
const columnService = contract(
  'column-service',
  Object.fromEntries(
    names.map((name, i) => [
      `store${i}`,
      { route: `POST /store/${i}`, body: insertSchema(tables[name]!), returns: selectSchema(tables[name]!) },
    ]),
  ) as never,
) as never

let app: TestApp<never>

beforeAll(async () => {
  const handlers = names.map((name, i) => [
    `store${i}`,
    ({ body, db }: { body: Record<string, unknown>; db: TestApp<never>['db'] }) =>
      db.one`INSERT INTO ${db.id(`table of ${name}`)} ${db.values(body)} RETURNING *`,
  ])
  app = await testService(service(columnService, { database: {}, handlers: Object.fromEntries(handlers) as never }), {
    config: { logLevel: 'silent' },
  })
  // Types of extensions that the embedded PostgreSQL does not have, with their names and a text that is kept as it is.
  for (const name of ['vector', 'halfvec', 'sparsevec', 'geometry']) {
    await app.db.script(`
      CREATE TYPE ${name};
      CREATE FUNCTION ${name}_in(cstring) RETURNS ${name} LANGUAGE internal IMMUTABLE STRICT AS 'textin';
      CREATE FUNCTION ${name}_out(${name}) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
      CREATE TYPE ${name} (INPUT = ${name}_in, OUTPUT = ${name}_out, LIKE = text);`)
  }
  await app.db.script(`CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE size AS ENUM ('S', 'L');`)
  for (const name of names) {
    const type = getTableConfig(tables[name]!).columns[0]!.getSQLType()
    const bare = type.replace(/(vector|halfvec|sparsevec|geometry)\([^)]*\)/, '$1')
    await app.db.script(`CREATE TABLE "table of ${name}" (value ${bare} NOT NULL, maybe ${bare})`)
  }
})
afterAll(() => app.close())

const store = (name: string, body: object) =>
  app.inject({ method: 'POST', url: `/store/${names.indexOf(name)}`, payload: body })

test('covers every column type of Drizzle', () => {
  const tested = new Set(names.map((name) => name.split(' ')[0]!.replace(',', '')))
  expect(Object.keys(make).filter((name) => name !== 'timestamp' && !tested.has(name))).toEqual([])
})

describe.each(names)('%s', (name) => {
  const { takes, refuses } = cases[name]!

  test.each(takes.map((value) => [JSON.stringify(value), value]))(
    '%s is what is sent, stored and answered',
    async (_, value) => {
      const both = await store(name, { value, maybe: value })
      expect([both.statusCode, both.json()]).toEqual([200, { code: 0, data: { value, maybe: value } }])
      const one = await store(name, { value })
      const maybe: unknown = name.includes('serial') ? expect.any(Number) : null
      expect([one.statusCode, one.json()]).toEqual([200, { code: 0, data: { value, maybe } }])
    },
  )

  test.runIf(refuses.length > 0).each(refuses.map((value) => [JSON.stringify(value), value]))(
    '%s is a 400',
    async (_, value) => {
      expect((await store(name, { value })).statusCode).toBe(400)
      if (value !== null) expect((await store(name, { value: takes[0], maybe: value })).statusCode).toBe(400)
    },
  )
})

test.each([
  ['numeric string', '12.505'],
  ['numeric string', '10000000000'],
  ['bigint bigint', 2 ** 53 + 1],
  ['vector', [1, 2, 3]],
])('what a %s column would round or cannot hold is told by the name of the field', async (name, value) => {
  const answer = await store(name, { value })
  expect(answer.statusCode).toBe(400)
  expect(JSON.stringify(answer.json())).toContain('"path":"value"')
})
