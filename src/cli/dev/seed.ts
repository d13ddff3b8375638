import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { connectClient } from '../../sql/connection/connect.ts'
import { CliError } from '../failure.ts'
import { shown } from '../load-service.ts'

/**
 * Runs a file of SQL on a database that it has not run on before, as one transaction with the note that it has.
 *
 * @throws {CliError} naming the file and what PostgreSQL said.
 */
export async function seedOnce(url: string, file: URL): Promise<void> {
  const sql = await readFile(file, 'utf8')
  const client = await connectClient(url)
  try {
    await client.query('BEGIN')
    await client.query('CREATE TABLE IF NOT EXISTS seed_record (seeded_at timestamptz NOT NULL DEFAULT now())')
    await client.query('LOCK TABLE seed_record')
    const { rowCount } = await client.query('SELECT FROM seed_record')
    if (rowCount === 0) {
      await client.query(sql)
      await client.query('INSERT INTO seed_record DEFAULT VALUES')
    }
    await client.query('COMMIT')
  } catch (error) {
    throw new CliError(`${shown(fileURLToPath(file))}: ${(error as Error).message}`)
  } finally {
    await client.end()
  }
}
