import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { migrate, migrateCommand } from 'tricube/migrations'
import { describe, expect, test } from 'vitest'
import { fixture, folderOf } from '../migrations/fixture.ts'
import type { Row } from './row.ts'

type Files = Readonly<Record<string, string>>

const files: readonly Row<Files>[] = [
  [
    'names a file freely',
    { 'users.sql': 'SELECT 1' },
    'users.sql is not a migration: expected a name like 0001_create_users.up.sql',
  ],
  ['writes only a down file', { '0001_a.down.sql': 'SELECT 1' }, '0001_a.down.sql has no 0001_a.up.sql'],
  [
    'uses a version twice',
    { '0001_a.up.sql': 'SELECT 1', '01_b.up.sql': 'SELECT 1' },
    '0001_a and 01_b have the same version: give one of them a later number',
  ],
  [
    'leaves a file empty',
    { '0001_a.up.sql': '-- later\n' },
    '0001_a.up.sql contains no statement: write its SQL, or delete the migration',
  ],
  ['forgets a quote', { '0001_a.up.sql': "SELECT 1;\nSELECT 'a" }, '0001_a.up.sql: line 2: a quote is not closed'],
  [
    'commits in a file',
    { '0001_a.up.sql': 'COMMIT' },
    '0001_a.up.sql: line 1: remove BEGIN, COMMIT and ROLLBACK, tricube runs the transaction',
  ],
  [
    'pastes a command of psql',
    { '0001_a.up.sql': '\\restrict abc\n' },
    '0001_a.up.sql: line 1: \\restrict is a command of psql, not SQL: remove the line',
  ],
  [
    'misspells a directive',
    { '0001_a.up.sql': '-- tricube: no-transactions\nSELECT 1' },
    '0001_a.up.sql: unknown directive "-- tricube: no-transactions", expected "-- tricube: no-transaction"',
  ],
  [
    'names a table that does not exist',
    { '0001_a.up.sql': 'SELECT 1;\n\nDROP INDEX missing' },
    '0001_a.up.sql, line 3: index "missing" does not exist',
  ],
  [
    'builds an index concurrently in a transaction',
    { '0001_a.up.sql': 'CREATE TABLE a (id int)', '0002_b.up.sql': 'CREATE INDEX CONCURRENTLY ON a (id)' },
    '0002_b.up.sql, line 1: CREATE INDEX CONCURRENTLY cannot run inside a transaction block (to run this file outside a transaction, begin it with the line `-- tricube: no-transaction`)',
  ],
]

const histories: readonly Row<{ readonly before: Files; readonly after: Files }>[] = [
  [
    'changes a file',
    { before: { '0001_a.up.sql': 'SELECT 1' }, after: { '0001_a.up.sql': 'SELECT 2' } },
    '0001_a was applied, and its file has changed since: restore the file first. Then put the change into a new migration or, if only your own database has it, run tricube migrate down and edit it again',
  ],
  [
    'renames a file',
    { before: { '0001_a.up.sql': 'SELECT 1' }, after: { '0001_b.up.sql': 'SELECT 1' } },
    '0001_b has the number of 0001_a, which was applied: restore that file, and give this one a later number',
  ],
  [
    'removes a file',
    { before: { '0001_a.up.sql': 'SELECT 1', '0002_b.up.sql': 'SELECT 1' }, after: { '0001_a.up.sql': 'SELECT 1' } },
    '0002_b was applied, and its file is missing: restore the file',
  ],
  [
    'inserts an older file',
    {
      before: { '0002_b.up.sql': 'SELECT 1' },
      after: { '0001_a.up.sql': 'SELECT 1', '0002_b.up.sql': 'SELECT 1' },
    },
    '0001_a is not applied, but a later one is: give it a later number',
  ],
]

const commands: readonly Row<readonly string[]>[] = [
  ['forgets the database', ['up'], 'the database is missing: pass --url or set DATABASE_URL'],
  ['misspells the command', ['upp'], 'unknown command "upp", see tricube migrate --help'],
  ['forgets the name', ['new'], '--name is missing: pass a name like --name add_age'],
  ['writes a path as name', ['new', '--name', '../x'], '--name may contain letters, digits, _ and -, got ../x'],
  [
    'writes a lock timeout in words',
    ['up', '--url', 'postgres://h/d', '--lock-timeout', 'soon'],
    '--lock-timeout must be 1 or more milliseconds, got soon',
  ],
  ['passes too many arguments', ['up', '.', 'other'], 'too many arguments: . other'],
  ['names a folder that does not exist', ['up', 'nowhere'], 'nowhere does not exist'],
]

describe('what you read when a migration', () => {
  test.each(files)('%s', async (_mistake, migrations, line) => {
    await using f = await fixture()
    await f.migrations(migrations)
    await expect(migrate(f)).rejects.toMatchObject({ message: line })
  })
})

describe('what you read when somebody', () => {
  test.each(histories)('%s', async (_mistake, { before, after }, line) => {
    await using f = await fixture()
    await f.migrations(before)
    await migrate(f)
    await using changed = await folderOf({})
    for (const [file, text] of Object.entries(after)) await writeFile(join(changed.directory, file), text)
    await expect(migrate({ url: f.url, directory: changed.directory })).rejects.toMatchObject({ message: line })
  })
})

describe('what tricube migrate prints when somebody', () => {
  test.each(commands)('%s', async (_mistake, argv, line) => {
    const lines: string[] = []
    await migrateCommand(argv, { env: {}, out: (text) => lines.push(text), err: (text) => lines.push(text) })
    expect(lines).toEqual([line])
  })
})
