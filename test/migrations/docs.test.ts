import { readFile } from 'node:fs/promises'
import { migrate, rollback } from 'tricube/migrations'
import { expect, test } from 'vitest'
import { failure, fixture } from './fixture.ts'

// The examples of both pages on migrations, run as they are printed.
const pages = ['migrations.md', 'migration-recipes.md'].map((name) => new URL(`../../docs/${name}`, import.meta.url))
const page = (await Promise.all(pages.map((url) => readFile(url, 'utf8')))).join('\n')
const files = Object.fromEntries(
  [...page.matchAll(/```sql\n-- migrations\/(\S+)\n([^]*?)```/g)].map(([, file, sql]) => [
    file as string,
    sql as string,
  ]),
)
const models = /```ts\n(\/\/ models\.ts\n[^]*?)```/.exec(page)?.[1] as string

test('generate writes the SQL that the page shows', async () => {
  await using f = await fixture()
  await f.write({ 'models.ts': models })
  const { code } = await f.run('generate', '--name', 'create_users', '--author', 'Ann')
  expect(code).toBe(0)
  expect(await f.list()).toEqual(['0001_create_users.down.sql', '0001_create_users.up.sql', 'meta'])
  for (const direction of ['up', 'down']) {
    const file = `0001_create_users.${direction}.sql`
    expect(await f.read(`migrations/${file}`)).toBe(`-- author: Ann\n\n${files[file]}`)
  }
})

test('all changes run up, down and up on a table with rows', async () => {
  await using f = await fixture()
  const first = Object.entries(files).filter(([file]) => file.startsWith('0001'))
  await f.migrations(Object.fromEntries(first))
  await migrate(f)
  await f.client.query(`INSERT INTO users (name) SELECT 'user ' || n FROM generate_series(1, 20) AS n`)
  await f.migrations(files)

  const stopped = (await failure(migrate(f))).message
  expect(stopped).toContain('column people.age: 20 rows have a value')
  expect(page).toContain(stopped)
  expect(await f.column('SELECT name FROM migration_record ORDER BY version')).toEqual([
    'create_users',
    'add_age',
    'age_not_null',
    'name_optional',
    'full_name',
    'people',
    'people_age_index',
    'drop_people_age_index',
  ])
  await migrate({ ...f, allowDestructive: true })
  expect(await columns()).toEqual(['id NO', 'full_name YES'])

  const { undone } = await rollback({ ...f, steps: 8, allowDestructive: true })
  expect(undone).toHaveLength(8)
  expect(await columns()).toEqual(['id NO', 'name NO'])
  expect(await f.column('SELECT count(*)::integer FROM users')).toEqual([20])
  expect((await migrate({ ...f, allowDestructive: true })).applied).toHaveLength(8)

  function columns(): Promise<unknown[]> {
    return f.column(
      `SELECT column_name || ' ' || is_nullable FROM information_schema.columns
       WHERE table_name IN ('users', 'people') ORDER BY ordinal_position`,
    )
  }
})

test('a rename and its question are as on the page', async () => {
  await using f = await fixture()
  await f.write({ 'models.ts': models })
  await f.run('generate', '--name', 'create_users')
  await f.write({ 'models.ts': models.replace('name:', 'full_name:') })
  const { code, err } = await f.run('generate', '--name', 'full_name')
  expect(code).toBe(1)
  expect(page).toContain(err)

  await f.migrations({
    '0002_view.up.sql': 'ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people;',
  })
  await migrate(f)
  await f.client.query(`INSERT INTO users (name) VALUES ('Ann'); UPDATE users SET name = 'Bob'`)
  expect(await f.column('SELECT name FROM people')).toEqual(['Bob'])
})
