import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { createDatabase } from '../postgres/database.ts'
import { startPostgres, type EmbeddedPostgres } from '../postgres/start.ts'

/** A database of one test. */
export interface TestDatabase {
  readonly url: string
  /** Drops the database. */
  drop(): Promise<void>
}

let own: Promise<EmbeddedPostgres> | undefined

/**
 * Creates an empty database on the server of `TRICUBE_TEST_DATABASE_URL`, or on an embedded one that this process starts
 * once.
 */
export async function createTestDatabase(name: string): Promise<TestDatabase> {
  const server = process.env['TRICUBE_TEST_DATABASE_URL'] ?? (await (own ??= startPostgres())).url()
  const database = `test_${name.replaceAll('-', '_')}_${randomBytes(6).toString('hex')}`
  return { url: await createDatabase(server, database), drop: () => dropDatabase(server, database) }
}

async function dropDatabase(server: string, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(database)} WITH (FORCE)`)
  } finally {
    await client.end()
  }
}
