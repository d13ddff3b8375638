import { startPostgres } from '../src/testing/postgres/start.ts'

/** One PostgreSQL for the whole run; tests make their own databases in it. */
export default async function setup(): Promise<() => Promise<void>> {
  const postgres = await startPostgres({ settings: { max_connections: 200 } })
  process.env['TRICUBE_TEST_DATABASE_URL'] = postgres.url()
  return () => postgres.stop()
}
