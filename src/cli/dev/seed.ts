import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { connectClient } from '../../sql/connection/connect.ts'
import { CliError } from '../failure.ts'
import { displayPath } from '../load-service.ts'

/**
 * Runs a file of SQL once per database. The file and the record that it has run share one transaction.
 *
 * @throws {CliError} when a statement fails; the message has the file and PostgreSQL's message
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
    throw new CliError(`${displayPath(fileURLToPath(file))}: ${(error as Error).message}`)
  } finally {
    await client.end()
  }
}
