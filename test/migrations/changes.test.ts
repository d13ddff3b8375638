import { readMigrations } from '../../src/migrations/files.ts'
import { migrate, migrateCommand, rollback } from 'tricube/migrations'
import { expect, test } from 'vitest'
import { fixture } from './fixture.ts'

/** A change of models over a table with rows. */
interface Case {
  readonly before: string
  readonly after: string
  /** SQL that puts rows into the old table. */
  readonly rows?: string
  /** The question that it asks first, if any. */
  readonly asks?: string
  readonly answers?: readonly string[]
  /** What the first column of this query is, up, and after the way back and forth too. */
  readonly query?: string
  readonly gives?: readonly unknown[]
}

const head = `import { sql } from 'drizzle-orm'
import * as pg from 'drizzle-orm/pg-core'
const { bigint, boolean, char, customType, doublePrecision, foreignKey, index, integer, json, jsonb, numeric, pgEnum, pgSchema, pgTable, point, primaryKey, serial, smallint, text, timestamp, unique, uuid, varchar } = pg
const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
`
const table = (columns: string, extra = ''): string =>
  `${head}export const users = pgTable('users', { id: integer().primaryKey(), ${columns} }, (t: any) => [${extra}])\n`
const mood = (values: string, column: string, more = ''): string =>
  `${head}export const mood = pgEnum('mood', [${values}])\nexport const users = pgTable('users', { id: integer().primaryKey(), mood: ${column} ${more} })\n`

const cases: Readonly<Record<string, Case>> = {
  'a new enum value that is the default at once': {
    before: mood(`'sad', 'ok'`, `mood().default('ok').notNull()`),
    after: mood(`'sad', 'ok', 'guest'`, `mood().default('guest').notNull()`),
    rows: `INSERT INTO users VALUES (1, 'sad')`,
    query: `SELECT column_default FROM information_schema.columns WHERE column_name = 'mood'`,
    gives: [`'guest'::mood`],
  },
  'a new enum value before others, used by a check and an array': {
    before: mood(`'b'`, `mood().array()`),
    after: `${head}export const mood = pgEnum('mood', ['a', 'b'])
export const users = pgTable('users', { id: integer().primaryKey(), mood: mood().array().default(['a']) }, (t: any) => [pg.check('moody', sql\`\${t.mood} <> '{a,a}'\`)])`,
    rows: `INSERT INTO users VALUES (1, '{b}')`,
    query: 'SELECT enum_range(null::mood)::text',
    gives: ['{a,b}'],
  },
  'a removed enum value, replaced': {
    before: mood(`'sad', 'ok'`, `mood().default('sad').notNull()`),
    after: mood(`'ok'`, `mood().default('ok').notNull()`),
    rows: `INSERT INTO users VALUES (1, 'sad'), (2, 'ok')`,
    asks: 'mood.sad is no longer in the enum: --replace mood.sad:ok|null',
    answers: ['--replace', 'mood.sad:ok'],
    query: 'SELECT mood::text FROM users ORDER BY id',
    gives: ['ok', 'ok'],
  },
  'a removed enum value with a quote in it, null in a column and gone from an array': {
    before: mood(`"it's", 'ok'`, 'mood()', ', moods: mood().array()'),
    after: mood(`'ok', 'new'`, 'mood()', ', moods: mood().array()'),
    rows: `INSERT INTO users VALUES (1, 'it''s', '{it''s,ok}')`,
    asks: `mood.it's is no longer in the enum`,
    answers: ['--replace', `mood.it's:null`],
    query: 'SELECT mood::text || moods::text FROM users UNION ALL SELECT moods::text FROM users',
    gives: [null, '{ok}'],
  },
  'text becomes an enum, with a default': {
    before: `${table(`mood: text().default('ok')`)}export const mood = pgEnum('mood', ['sad', 'ok'])`,
    after: mood(`'sad', 'ok'`, `mood().default('ok')`),
    rows: `INSERT INTO users VALUES (1, 'sad'), (2, null)`,
    asks: 'users.mood changes from text to mood: --using "users.mood:mood::mood"',
    answers: ['--using', 'users.mood:mood::mood'],
    query: 'SELECT mood::text FROM users ORDER BY id',
    gives: ['sad', null],
  },
  'one enum becomes another, with a default': {
    before: `${head}export const a = pgEnum('a', ['x', 'y'])\nexport const b = pgEnum('b', ['x', 'z'])
export const users = pgTable('users', { id: integer().primaryKey(), kind: a().default('y') })`,
    after: `${head}export const a = pgEnum('a', ['x', 'y'])\nexport const b = pgEnum('b', ['x', 'z'])
export const users = pgTable('users', { id: integer().primaryKey(), kind: b().default('z') })`,
    rows: `INSERT INTO users VALUES (1, 'x')`,
    asks: 'users.kind changes from a to b: --using "users.kind:kind::text::b"',
    answers: ['--using', 'users.kind:kind::text::b'],
    query: 'SELECT kind::text FROM users',
    gives: ['x'],
  },
  'a narrower number': {
    before: table('age: bigint({ mode: "number" }).default(5)'),
    after: table('age: integer().default(5)'),
    rows: 'INSERT INTO users VALUES (1, 7)',
    asks: 'users.age changes from bigint to integer: --using "users.age:age"',
    answers: ['--using', 'users.age:least(age, 2147483647)'],
    query: 'SELECT age FROM users',
    gives: [7],
  },
  'a wider number asks nothing': {
    before: table('age: integer(), price: numeric({ precision: 8, scale: 2 }), code: varchar({ length: 3 }).array()'),
    after: table(
      'age: bigint({ mode: "bigint" }), price: numeric({ precision: 10, scale: 2 }), code: varchar({ length: 5 }).array()',
    ),
    rows: `INSERT INTO users VALUES (1, 7, 1.25, '{abc}')`,
    query: 'SELECT price::text || code::text FROM users',
    gives: ['1.25{abc}'],
  },
  'a scale that is smaller': {
    before: table('price: numeric({ precision: 10, scale: 4 })'),
    after: table('price: numeric({ precision: 10, scale: 2 })'),
    rows: 'INSERT INTO users VALUES (1, 1.2549)',
    asks: 'users.price changes from numeric(10, 4) to numeric(10, 2)',
    answers: ['--using', 'users.price:trunc(price, 2)'],
    query: 'SELECT price::text FROM users',
    gives: ['1.25'],
  },
  'text becomes a number, with a default of each': {
    before: table(`age: text().default('x').notNull()`),
    after: table('age: integer().default(0).notNull()'),
    rows: `INSERT INTO users VALUES (1, '41')`,
    asks: 'users.age changes from text to integer: --using "users.age:age::integer"',
    answers: ['--using', `users.age:nullif(age, 'x')::integer`],
    query: 'SELECT age FROM users',
    gives: [41],
  },
  'a renamed column of another type': {
    before: table('age: text()'),
    after: table('years: integer()'),
    rows: `INSERT INTO users VALUES (1, '41')`,
    asks: 'renamed or dropped? Decide for each:\n  users.age: --rename users.age:years',
    answers: ['--rename', 'users.age:years', '--using', 'users.years:years::integer'],
    query: 'SELECT years FROM users',
    gives: [41],
  },
  'a new column that may not be null': {
    before: table('name: text()'),
    after: table('name: text(), vendor: text().notNull()'),
    rows: `INSERT INTO users VALUES (1, 'Ann')`,
    asks: `users.vendor is new, not null and has no default: --fill "users.vendor:''"`,
    answers: ['--fill', `users.vendor:'of ' || coalesce(name, 'all')`],
    query: 'SELECT vendor FROM users',
    gives: ['of Ann'],
  },
  'a column that may no longer be null, and one that may': {
    before: table('name: text(), age: integer().notNull()'),
    after: table('name: text().notNull(), age: integer()'),
    rows: 'INSERT INTO users VALUES (1, null, 3)',
    asks: `users.name can no longer be null: --fill "users.name:''"`,
    answers: ['--fill', `users.name:'nobody'`],
    query: 'SELECT name FROM users',
    gives: ['nobody'],
  },
  'a dropped column that was not null comes back on the way down': {
    before: table('name: text().notNull(), at: timestamp({ withTimezone: true }).notNull()'),
    after: table('name: text().notNull()'),
    rows: `INSERT INTO users VALUES (1, 'Ann', now())`,
    query: 'SELECT name FROM users',
    gives: ['Ann'],
  },
  'defaults that are bigints, JSON with quotes, arrays, bytes and points': {
    before: table('name: text()'),
    after: table(`name: text(), big: bigint({ mode: 'bigint' }).default(-9007199254740993n).notNull(),
      doc: jsonb().default({ a: "it's", b: [1, '"'] }), said: jsonb().default('5'), list: json().default(["a'b"]),
      words: text().array().default(["it's", 'a "b"', '']), raw: bytes().default(Buffer.from([0, 255])), at: point().default([1, 2])`),
    rows: `INSERT INTO users VALUES (1, 'Ann')`,
    query: `SELECT to_jsonb(users) - 'id' FROM users`,
    gives: [
      {
        name: 'Ann',
        big: expect.any(Number),
        doc: { a: "it's", b: [1, '"'] },
        said: '5',
        list: ["a'b"],
        words: ["it's", 'a "b"', ''],
        raw: '\\x00ff',
        at: '(1,2)',
      },
    ],
  },
  'a generated column, its expression, and none': {
    before: table(
      'name: text(), upper: text().generatedAlwaysAs(sql`upper(name)`), old: integer().generatedAlwaysAs(sql`1`)',
    ),
    after: table('name: text(), upper: text().generatedAlwaysAs(sql`upper(name) || name`), old: integer()'),
    rows: `INSERT INTO users (id, name) VALUES (1, 'a')`,
    query: 'SELECT upper FROM users',
    gives: ['Aa'],
  },
  'a plain column becomes a generated one': {
    before: table('name: text(), upper: text().notNull()'),
    after: table('name: text(), upper: text().generatedAlwaysAs(sql`upper(name)`)'),
    rows: `INSERT INTO users (id, name, upper) VALUES (1, 'a', 'x')`,
    query: 'SELECT upper FROM users',
    gives: ['A'],
  },
  'a primary key of one column becomes one of two': {
    before: table('tenant: integer().notNull()'),
    after: `${head}export const users = pgTable('users', { id: integer(), tenant: integer().notNull() }, (t: any) => [primaryKey({ columns: [t.tenant, t.id] })])`,
    rows: 'INSERT INTO users VALUES (1, 2)',
    query: `SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' AND conrelid = 'users'::regclass`,
    gives: ['PRIMARY KEY (tenant, id)'],
  },
  'a primary key of two columns gets a third, which is new': {
    before: `${head}export const users = pgTable('users', { id: integer(), tenant: integer() }, (t: any) => [primaryKey({ columns: [t.tenant, t.id] })])`,
    after: `${head}export const users = pgTable('users', { id: integer(), tenant: integer(), part: integer().default(0) }, (t: any) => [primaryKey({ columns: [t.tenant, t.id, t.part] })])`,
    rows: 'INSERT INTO users VALUES (1, 2)',
    query: `SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' AND conrelid = 'users'::regclass`,
    gives: ['PRIMARY KEY (tenant, id, part)'],
  },
  'another column is the primary key, in a table that was renamed': {
    before: table('code: text().notNull()').replace("'users'", "'people'"),
    after: `${head}export const users = pgTable('users', { id: integer().notNull(), code: text().primaryKey() })`,
    rows: `INSERT INTO people VALUES (1, 'a')`,
    asks: 'renamed or dropped? Decide for each:\n  people: --rename people:users',
    answers: ['--rename', 'people:users'],
    query: `SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' AND conrelid = 'users'::regclass`,
    gives: ['PRIMARY KEY (code)'],
  },
  'a serial, an identity and a reference are new': {
    before: `${table('name: text()')}export const cities = pgTable('cities', { id: integer().primaryKey() })`,
    after: `${head}export const cities = pgTable('cities', { id: integer().primaryKey() })
export const users = pgTable('users', { id: integer().primaryKey(), name: text(), n: serial().notNull(),
  m: integer().generatedAlwaysAsIdentity(), city: integer().notNull().references(() => cities.id) })`,
    rows: `INSERT INTO cities VALUES (9); INSERT INTO users VALUES (1, 'Ann')`,
    asks: 'users.city is new, not null and has no default: --fill "users.city:0"',
    answers: ['--fill', 'users.city:(SELECT min(id) FROM cities)'],
    query: 'SELECT n + m + city FROM users',
    gives: [11],
  },
  'timestamps get a zone': {
    before: table('at: timestamp()'),
    after: table('at: timestamp({ withTimezone: true })'),
    rows: `INSERT INTO users VALUES (1, '2024-01-01 12:00')`,
    asks: 'users.at changes from timestamp to timestamp with time zone',
    answers: ['--using', `users.at:at AT TIME ZONE 'Asia/Tokyo'`],
    query: `SELECT (at AT TIME ZONE 'UTC')::text FROM users`,
    gives: ['2024-01-01 03:00:00'],
  },
  'text becomes a boolean in a schema of its own': {
    before: `${head}export const app = pgSchema('app')\nexport const users = app.table('users', { id: integer().primaryKey(), on: text() })`,
    after: `${head}export const app = pgSchema('app')\nexport const users = app.table('users', { id: integer().primaryKey(), on: boolean().notNull() })`,
    rows: `INSERT INTO app.users VALUES (1, 'yes')`,
    asks: 'app.users.on changes from text to boolean',
    answers: ['--using', 'app.users.on:"on"::boolean', '--fill', `app.users.on:false`],
    query: 'SELECT "on" FROM app.users',
    gives: [true],
  },
}

test.each(Object.entries(cases))('%s: up, down and up, with rows', async (_, change) => {
  const { before, after, rows, asks, answers = [], query, gives } = change
  await using f = await fixture()
  await f.write({ 'models.ts': before })
  expect(await f.run('generate', '--name', 'first')).toMatchObject({ code: 0, err: '' })
  await migrate(f)
  if (rows) await f.client.query(rows)

  await f.write({ 'models.ts': after })
  if (asks) {
    const asked = await f.run('generate', '--name', 'next')
    expect(asked).toMatchObject({ code: 1, out: '' })
    expect(asked.err).toContain(asks)
  }
  const earlier = (await readMigrations(f.directory)).length
  const generated = await f.run('generate', '--name', 'next', ...answers)
  expect(generated).toMatchObject({ code: 0, err: '' })
  const steps = (await readMigrations(f.directory)).length - earlier
  expect(await f.run('check')).toMatchObject({ code: 0 })

  await migrate({ ...f, allowDestructive: true })
  if (query) expect(await f.column(query)).toEqual(gives)
  await rollback({ ...f, steps, allowDestructive: true })
  expect((await migrate({ ...f, allowDestructive: true })).applied).toHaveLength(steps)
})

test('generate reports SQL that fails on existing rows, with file and line', async () => {
  await using f = await fixture()
  await f.write({ 'models.ts': table('name: text()') })
  await f.run('generate', '--name', 'first')
  await f.write({ 'models.ts': table('name: text(), vendor: text().notNull()') })
  expect(await f.run('generate', '--name', 'next', '--author', 'Ann', '--fill', 'users.vendor:name')).toEqual({
    code: 1,
    out: expect.stringContaining('0002_next.up.sql'),
    err: `failed on a scratch database: 0002_next.up.sql, line 7: column "vendor" of relation "users" contains null values
fix the file before you apply it, or delete the files and generate them anew`,
  })
})

test('generate reports if it could not test the SQL', async () => {
  await using f = await fixture()
  await f.migrations({ '0001_by_hand.up.sql': 'CREATE TABLE things (id integer REFERENCES elsewhere)' })
  await f.write({ 'models.ts': table('name: text()') })
  expect(await f.run('generate', '--name', 'next')).toEqual({
    code: 0,
    out: expect.stringContaining('0002_next.up.sql'),
    err: 'not tested on a scratch database: 0001_by_hand.up.sql, line 1: relation "elsewhere" does not exist',
  })
  const [out, err]: [string[], string[]] = [[], []]
  await f.write({ 'models.ts': table('name: text(), age: integer()') })
  const context = { env: {}, out: (line: string) => out.push(line), err: (line: string) => err.push(line) }
  expect(await migrateCommand(['generate', f.folder, '--name', 'last'], context)).toBe(0)
  expect(err).toEqual(['not tested on a scratch database: set DATABASE_URL or pass --url'])
})

test.each([
  [['--fill', 'users.vendor'], "--fill users.vendor: expected name:value, as in users.vendor:''"],
  [['--fill', 'users.vendr:1'], '--fill users.vendr: no such column in a table that exists before and after'],
  [['--replace', 'mood.ok:sad'], '--replace mood.ok: the models remove no such value from an enum'],
  [['--replace', 'mood.sad:happy'], '--replace mood.sad:happy: expected one of ok, or null'],
])('rejects %j', async (answers, message) => {
  await using f = await fixture()
  await f.write({ 'models.ts': mood(`'sad', 'ok'`, 'mood()') })
  await f.run('generate', '--name', 'first')
  await f.write({ 'models.ts': mood(`'ok'`, 'mood()') })
  const rest = answers.join().includes('mood.sad') ? [] : ['--replace', 'mood.sad:ok']
  expect(await f.run('generate', '--name', 'next', ...answers, ...rest)).toMatchObject({ code: 1, err: message })
})

test('rejects psql commands of pg_dump with the line to remove', async () => {
  await using f = await fixture()
  await f.migrations({ '0001_dump.up.sql': '-- PostgreSQL database dump\n\n\\restrict aB3xyz\n\nSELECT 1;\n' })
  await expect(migrate(f)).rejects.toThrow(
    '0001_dump.up.sql: line 3: \\restrict is a command of psql, not SQL: remove the line',
  )
})
