/** A PostgreSQL with the tables that the servers read and write. */
import { database } from 'tricube/sql'
import { startPostgres } from 'tricube/testing'
import { accounts } from './works.mjs'

/** Starts a server with the tables; `clear` empties what writes have filled. */
export async function startDatabase() {
  const postgres = await startPostgres({ settings: { max_connections: 1000 } }) // a dozen servers, some with pools for each of three services
  const db = database({ url: postgres.url() })
  await db.script(`
    CREATE TABLE accounts (
      id int PRIMARY KEY, name text, age int, email text, city_id int, create_time timestamptz);
    INSERT INTO accounts
      SELECT i, 'user ' || i, i % 90, 'user' || i || '@example.com', 1 + i % 8,
        timestamptz '2024-01-01T00:00:00.123Z' + i * interval '1 minute'
      FROM generate_series(1, ${accounts}) i;
    CREATE TABLE cities (id int PRIMARY KEY, name text);
    INSERT INTO cities SELECT i, 'city ' || i FROM generate_series(1, 8) i;
    CREATE TABLE roles (id int PRIMARY KEY, name text);
    INSERT INTO roles SELECT i, 'role ' || i FROM generate_series(1, 3) i;
    CREATE TABLE entries (
      id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text, age int, email text, city_id int);
    ANALYZE`)
  return {
    url: postgres.url(),
    clear: () => db.script('TRUNCATE entries'),
    async stop() {
      await db.close()
      await postgres.stop()
    },
  }
}
