import { migrate } from 'tricube/migrations'
import { expect, test } from 'vitest'
import { fixture, type Fixture } from './fixture.ts'

/** A models.ts with a table of users: its columns, and what else it says. */
function models(columns: string, extra = '', table = 'users'): string {
  return `import { sql } from 'drizzle-orm'
import { check, index, integer, pgEnum, pgTable, text, uniqueIndex, varchar } from 'drizzle-orm/pg-core'
export const cities = pgTable('cities', { id: integer().primaryKey() })
export const users = pgTable('${table}', {
  id: integer().primaryKey().generatedByDefaultAsIdentity(),
  ${columns}
}, (t) => [${extra}])
`
}

/** Generates from new models; the statements of the files that are new, without their heads. */
async function step(f: Fixture, text: string, ...argv: string[]): Promise<Record<string, string[]>> {
  const before = await f.list()
  await f.write({ 'models.ts': text })
  const { err } = await f.run('generate', '--name', 'next', '--author', 'Ann', ...argv)
  expect(err).toBe('')
  const fresh = (await f.list()).filter((file) => file.endsWith('.sql') && !before.includes(file))
  const entries = fresh.map(async (file) => [file, (await f.read(`migrations/${file}`)).trim().split('\n\n')] as const)
  return Object.fromEntries(await Promise.all(entries))
}

const author = '-- author: Ann'
const apart = '-- author: Ann\n-- tricube: no-transaction'

test('generates each change, up and down, until the database matches the models', async () => {
  await using f = await fixture()
  await step(f, models('name: text().notNull().unique(), city_id: integer().references(() => cities.id),'))
  await migrate(f)
  await f.client.query(`INSERT INTO cities VALUES (1); INSERT INTO users (name, city_id) VALUES ('Ann', 1)`)

  // A column is added, with its index apart and CONCURRENTLY.
  const city = 'city_id: integer().references(() => cities.id),'
  expect(
    await step(
      f,
      models(`name: text().notNull().unique(), ${city} age: integer(),`, 'index("users_age_idx").on(t.age)'),
    ),
  ).toEqual({
    '0002_next.up.sql': [author, 'ALTER TABLE "users" ADD COLUMN "age" integer;'],
    '0002_next.down.sql': [author, 'ALTER TABLE "users" DROP COLUMN "age";'],
    '0003_next_indexes.up.sql': [
      apart,
      'DROP INDEX CONCURRENTLY IF EXISTS "users_age_idx";',
      'CREATE INDEX CONCURRENTLY "users_age_idx" ON "users" USING btree ("age");',
    ],
    '0003_next_indexes.down.sql': [apart, 'DROP INDEX CONCURRENTLY IF EXISTS "users_age_idx";'],
  })

  // Table and column are renamed; what is named after them follows, and nothing is built anew.
  expect(
    await step(
      f,
      models(
        `full_name: text().notNull().unique(), ${city} age: integer(),`,
        'index("people_age_idx").on(t.age)',
        'people',
      ),
      '--rename=users:people',
      '--rename=users.name:full_name',
    ),
  ).toEqual({
    '0004_next.up.sql': [
      author,
      'ALTER TABLE "users" RENAME COLUMN "name" TO "full_name";',
      'ALTER TABLE "users" RENAME TO "people";',
      'ALTER INDEX "users_age_idx" RENAME TO "people_age_idx";',
      'ALTER TABLE "people" RENAME CONSTRAINT "users_city_id_cities_id_fk" TO "people_city_id_cities_id_fk";',
      'ALTER TABLE "people" RENAME CONSTRAINT "users_name_unique" TO "people_full_name_unique";',
      'ALTER SEQUENCE "users_id_seq" RENAME TO "people_id_seq";',
    ],
    '0004_next.down.sql': [
      author,
      'ALTER TABLE "people" RENAME TO "users";',
      'ALTER TABLE "users" RENAME COLUMN "full_name" TO "name";',
      'ALTER INDEX "people_age_idx" RENAME TO "users_age_idx";',
      'ALTER TABLE "users" RENAME CONSTRAINT "people_city_id_cities_id_fk" TO "users_city_id_cities_id_fk";',
      'ALTER TABLE "users" RENAME CONSTRAINT "people_full_name_unique" TO "users_name_unique";',
      'ALTER SEQUENCE "people_id_seq" RENAME TO "users_id_seq";',
    ],
  })

  // Not-null goes and comes, a type changes, an index goes (first, and back last), a column goes beside one that comes.
  const last = models(
    `full_name: varchar({ length: 80 }).unique(), ${city} years: integer().notNull().default(0),`,
    `check('people_years_check', sql\`\${t.years} >= 0\`)`,
    'people',
  )
  expect(await step(f, last, '--drop', 'people.age', '--using', 'people.full_name:full_name')).toEqual({
    '0005_next_drop_indexes.up.sql': [apart, 'DROP INDEX CONCURRENTLY IF EXISTS "people_age_idx";'],
    '0005_next_drop_indexes.down.sql': [
      apart,
      'DROP INDEX CONCURRENTLY IF EXISTS "people_age_idx";',
      'CREATE INDEX CONCURRENTLY "people_age_idx" ON "people" USING btree ("age");',
    ],
    '0006_next.up.sql': [
      author,
      'ALTER TABLE "people" ALTER COLUMN "full_name" SET DATA TYPE varchar(80) USING full_name;',
      'ALTER TABLE "people" ALTER COLUMN "full_name" DROP NOT NULL;',
      'ALTER TABLE "people" ADD COLUMN "years" integer DEFAULT 0 NOT NULL;',
      'ALTER TABLE "people" ADD CONSTRAINT "people_years_check" CHECK ("people"."years" >= 0);',
      'ALTER TABLE "people" DROP COLUMN "age";',
    ],
    '0006_next.down.sql': [
      author,
      'ALTER TABLE "people" DROP CONSTRAINT "people_years_check";',
      'ALTER TABLE "people" ALTER COLUMN "full_name" SET DATA TYPE text;',
      `UPDATE "people" SET "full_name" = '' WHERE "full_name" IS NULL;`,
      'ALTER TABLE "people" ALTER COLUMN "full_name" SET NOT NULL;',
      'ALTER TABLE "people" ADD COLUMN "age" integer;',
      'ALTER TABLE "people" DROP COLUMN "years";',
    ],
  })

  expect(await f.run('check')).toMatchObject({ code: 0, out: 'models and migrations match' })
  expect(await f.run('generate', '--name', 'x')).toMatchObject({
    out: 'models and migrations match: nothing to generate',
  })
  expect((await f.run('up', '--allow-destructive')).err).toBe('')
  expect(await f.column('SELECT full_name FROM people')).toEqual(['Ann'])

  await using fresh = await fixture()
  await step(fresh, last)
  await migrate(fresh)
  expect(await catalog(f)).toEqual(await catalog(fresh))

  // And all the way back, to the table of the first migration with its row.
  expect((await f.run('down', '5', '--allow-destructive')).err).toBe('')
  expect(await f.column('SELECT name FROM users')).toEqual(['Ann'])
})

/** Every column, index, constraint and sequence of the database, in no order of history. */
async function catalog(f: Fixture): Promise<unknown[]> {
  return f.column(`
    SELECT column_name || data_type || is_nullable || coalesce(character_maximum_length::text, '') || coalesce(column_default, '')
      FROM information_schema.columns WHERE table_name IN ('people', 'cities')
    UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename IN ('people', 'cities') AND indexname NOT LIKE '%pkey'
    UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid::regclass::text IN ('people', 'cities') AND contype IN ('c', 'f', 'u')
    UNION ALL SELECT sequence_name FROM information_schema.sequences
    ORDER BY 1`)
}

test('adds and drops an enum and the columns that use it', async () => {
  await using f = await fixture()
  const [imports, ...rest] = models(`mood: mood().default('ok'),`).split('export const cities')
  await step(f, [imports, `mood = pgEnum('mood', ['sad', 'ok'])\n`, `cities${rest.join('')}`].join('export const '))
  await step(f, models(`mood: text({ enum: ['sad', 'ok'] }).default('ok'),`))
  await migrate(f)
  expect(await f.column(`SELECT to_regtype('mood')`)).toEqual([null])
})

test('rejects an ambiguous rename or drop, without a prompt in the terminal', async () => {
  await using f = await fixture()
  await step(f, models('name: text(), age: integer(),'))
  await f.write({ 'models.ts': models('full_name: text(), years: integer(),') })
  expect(await f.run('generate', '--name', 'x')).toEqual({
    code: 1,
    out: '',
    err: [
      'renamed or dropped? Decide for each:',
      '  users.name: --rename users.name:full_name|years or --drop users.name',
      '  users.age: --rename users.age:full_name|years or --drop users.age',
    ].join('\n'),
  })
  expect((await f.run('generate', '--name', 'x', '--rename', 'users.nam:full_name')).err).toBe(
    '--rename users.nam:full_name: no table or column users.nam in the last generated migration',
  )
  expect((await f.run('generate', '--name', 'x', '--rename', 'users.name:ful_name')).err).toBe(
    '--rename users.name:ful_name: the models have no ful_name there',
  )
  expect((await f.run('generate', '--name', 'x', '--rename', 'name')).err).toContain('expected old:new')
})

test('reports models that fail to load in one line', async () => {
  await using f = await fixture()
  await f.write({ 'models.ts': 'export const users = pgTable()' })
  expect(await f.run('check')).toEqual({ code: 1, out: '', err: 'models.ts fails to load: pgTable is not defined' })
})

test('check fails and prints the missing SQL', async () => {
  await using f = await fixture()
  await step(f, models('name: text(),'))
  await f.write({ 'models.ts': models('name: text(), age: integer(),') })
  expect(await f.run('check')).toEqual({
    code: 1,
    out: 'ALTER TABLE "users" ADD COLUMN "age" integer;',
    err: 'models.ts has changes without a migration: run tricube migrate generate',
  })
})

test('--snapshot-only continues after migrations written by hand', async () => {
  await using f = await fixture()
  await f.write({ 'models.ts': models('name: text(),') })
  expect((await f.run('generate', '--snapshot-only')).err).toMatch(/migrations has no migrations yet$/)
  await f.migrations({
    '0001_tables.up.sql': 'CREATE TABLE cities (id integer PRIMARY KEY); CREATE TABLE users (name text)',
  })
  expect(await f.run('generate', '--snapshot-only')).toMatchObject({
    code: 0,
    out: `${f.folder}/migrations/meta/0001.json`,
  })
  expect((await f.run('check')).code).toBe(0)
  expect(await step(f, models('name: text(), age: integer(),'))).toMatchObject({
    '0002_next.up.sql': [author, 'ALTER TABLE "users" ADD COLUMN "age" integer;'],
  })
})
