import { migrateCommand } from 'tricube/migrations'
import { expect, test } from 'vitest'
import { fixture, folderOf } from './fixture.ts'

const users = {
  '0001_users.up.sql': '-- author: Ann\nCREATE TABLE users (id integer)',
  '0001_users.down.sql': 'DROP TABLE users',
}

test('up, status and down', async () => {
  await using f = await fixture()
  await f.migrations(users)
  expect(await f.run('status')).toEqual({ code: 0, out: '0001_users  pending  Ann', err: '' })
  expect(await f.run('up')).toEqual({ code: 0, out: expect.stringMatching(/^0001_users \(\d+ ms\)$/), err: '' })
  expect(await f.run('up')).toEqual({ code: 0, out: 'no pending migrations', err: '' })
  expect((await f.run('status')).out).toMatch(/^0001_users {2}applied {2}\d{4}-\d\d-\d\dT[\d:.]+Z {2}\d+ ms {2}Ann$/)
  expect(await f.run('down')).toMatchObject({ code: 1, err: expect.stringContaining('table users: 0 rows') })
  expect(await f.run('down', '2', '--allow-destructive')).toMatchObject({
    code: 0,
    out: expect.stringContaining('0001_users'),
  })
  expect(await f.run('down')).toEqual({ code: 0, out: 'no migrations to undo', err: '' })
})

test('prints lines for each shard', async () => {
  await using f = await fixture()
  await using g = await fixture()
  await f.migrations(users)
  const { out } = await f.run('up', '--url', f.url, '--url', g.url)
  expect(out.split('\n').map((line) => line.replace(/ \(.*/, ''))).toEqual(
    [f, g].map(({ url }) => `${new URL(url).host}${new URL(url).pathname}: 0001_users`),
  )
})

test('status fails if files and history do not match', async () => {
  await using f = await fixture()
  await f.migrations(users)
  await f.run('up')
  await f.migrations({ '0001_users.up.sql': 'SELECT 1' })
  expect(await f.run('status')).toMatchObject({ code: 1, out: expect.stringContaining('changed') })
})

test('new writes an empty pair with the next number', async () => {
  await using f = await fixture()
  await f.migrations(users)
  const { code, out } = await f.run('new', '--name', 'fill', '--author', 'Bob <bob@example.com>')
  expect(code).toBe(0)
  expect(out.split('\n')).toEqual([
    `${f.folder}/migrations/0002_fill.up.sql`,
    `${f.folder}/migrations/0002_fill.down.sql`,
  ])
  expect(await f.read('migrations/0002_fill.up.sql')).toBe('-- author: Bob <bob@example.com>\n')
  expect((await f.run('up')).err).toBe('0002_fill.up.sql contains no statement: write its SQL, or delete the migration')
})

test('accepts the service before or after the command, as a folder or a file', async () => {
  await using f = await fixture()
  await f.migrations(users)
  await f.write({ 'service.ts': '' })
  for (const argv of [
    ['status', f.folder],
    [f.folder, 'status'],
    ['status', `${f.folder}/service.ts`],
    ['status', f.folder, '--url', f.url],
  ]) {
    const out: string[] = []
    expect(await migrateCommand(argv, { env: { DATABASE_URL: f.url }, out: (line) => out.push(line) })).toBe(0)
    expect(out).toEqual(['0001_users  pending  Ann'])
  }
})

test.each([
  [['up'], 'the database is missing: pass --url or set DATABASE_URL'],
  [['sideways'], 'unknown command "sideways", see tricube migrate --help'],
  [['up', 'nowhere'], 'nowhere does not exist'],
  [['up', '.', 'user-service'], 'too many arguments: . user-service'],
  [['new'], '--name is missing: pass a name like --name add_age'],
  [
    ['up', '--url', 'postgres://127.0.0.1:1/x', '--lock-timeout', 'soon'],
    '--lock-timeout must be 1 or more milliseconds, got soon',
  ],
  [['up', '--fast'], expect.stringContaining(`Unknown option '--fast'`) as string],
])('%j is a usage error', async (argv, message) => {
  const err: string[] = []
  expect(await migrateCommand(argv, { env: {}, err: (line) => err.push(line) })).toBe(2)
  expect(err).toEqual([message])
})

test.each([
  [
    ['up', '--url', 'postgres://ann:hunter2@127.0.0.1:1/users'],
    'the database users at 127.0.0.1:1 cannot be reached: connect ECONNREFUSED 127.0.0.1:1',
  ],
  [
    ['up', '--url', 'postgres://ann:hunter2@:x:/users'],
    'the URL of the database: one of its hosts is not valid: write an IPv6 address as [::1]',
  ],
  [['new', '--name', '../x'], '--name may contain letters, digits, _ and -, got ../x'],
  [['check'], expect.stringMatching(/has no models.ts$/) as string],
])('%j fails in one line', async (argv, message) => {
  await using folder = await folderOf(users)
  const err: string[] = []
  expect(await migrateCommand([...argv, folder.folder], { env: {}, err: (line) => err.push(line) })).toBe(1)
  expect(err).toEqual([message])
})

test('--help prints every command and option', async () => {
  const out: string[] = []
  expect(await migrateCommand(['--help'], { out: (line) => out.push(line) })).toBe(0)
  for (const word of ['generate', 'new', 'up', 'down', 'status', 'check', '--url', '--allow-destructive', '--rename']) {
    expect(out[0]).toContain(word)
  }
})
