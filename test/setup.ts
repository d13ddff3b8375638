import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../src/postgres/start.ts'
import { startPooler } from './sql/poolers.ts'

/**
 * One PostgreSQL for the whole run; tests make their own databases in it. TRICUBE_TEST_BEHIND names a pooler for the
 * tests of test/sql to run behind. TRICUBE_TEST_FOLDER is deleted after the run. Vitest calls this for each of its
 * projects.
 */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env['TRICUBE_TEST_FOLDER'] !== undefined) return async () => {}
  const folder = await mkdtemp(join(tmpdir(), 'tricube-tests-'))
  process.env['TRICUBE_TEST_FOLDER'] = folder
  const stopPostgres = process.env['TRICUBE_TEST_DATABASE_URL'] === undefined ? await startServer() : undefined
  return async () => {
    await stopPostgres?.()
    await rm(folder, { recursive: true, force: true })
  }
}

async function startServer(): Promise<() => Promise<void>> {
  const postgres = await startPostgres({ settings: { max_connections: 200 } })
  process.env['TRICUBE_TEST_DATABASE_URL'] = postgres.url()
  const behind = process.env['TRICUBE_TEST_BEHIND']
  const pooler = behind ? await startPooler(behind, postgres.url()) : undefined
  if (pooler) process.env['TRICUBE_TEST_POOLER_PORT'] = new URL(pooler.behind(postgres.url())).port
  return async () => {
    await pooler?.[Symbol.asyncDispose]()
    await postgres.stop()
  }
}
