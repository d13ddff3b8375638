import type { Client } from 'pg'
import { MigrationError } from './error.ts'
import { compareVersions, type Migration } from './files.ts'

/** A row of `migration_record`: a migration that was applied to this database. */
export interface MigrationRecord {
  readonly version: string
  readonly name: string
  readonly author: string | null
  /** SHA-256 of the applied file. */
  readonly checksum: string
  /** ISO 8601. */
  readonly applied_at: string
  readonly duration_ms: number
}

/** The table of applied migrations, in the current schema of the connection. */
export class Records {
  readonly #client: Client
  readonly #table: string

  private constructor(client: Client, table: string) {
    this.#client = client
    this.#table = table
  }

  /** @throws {MigrationError} when the search_path of the connection contains no existing schema. */
  static async open(client: Client): Promise<Records> {
    const { rows } = await client.query<{ schema: string | null }>('SELECT current_schema() AS schema')
    const schema = rows[0]?.schema
    if (!schema) throw new MigrationError('the search_path of this database user contains no existing schema')
    return new Records(client, `${client.escapeIdentifier(schema)}.migration_record`)
  }

  /** Returns all rows, ordered by version; none before the first migration. */
  async all(): Promise<MigrationRecord[]> {
    const exists = await this.#client.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [
      this.#table,
    ])
    if (!exists.rows[0]?.found) return []
    const { rows } = await this.#client.query<MigrationRecord>(`
      SELECT version, name, author, checksum, duration_ms,
             to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS applied_at
      FROM ${this.#table}`)
    return rows.sort((a, b) => compareVersions(a.version, b.version))
  }

  async create(): Promise<void> {
    await this.#client.query(`
      CREATE TABLE IF NOT EXISTS ${this.#table} (
        version     text PRIMARY KEY,
        name        text NOT NULL,
        author      text,
        checksum    text NOT NULL,
        applied_at  timestamptz NOT NULL DEFAULT now(),
        duration_ms integer NOT NULL
      )`)
  }

  async add({ version, name, author, checksum }: Migration, durationMs: number): Promise<void> {
    await this.#client.query(
      `INSERT INTO ${this.#table} (version, name, author, checksum, duration_ms) VALUES ($1, $2, $3, $4, $5)`,
      [version, name, author ?? null, checksum, Math.round(durationMs)],
    )
  }

  async remove({ version }: { readonly version: string }): Promise<void> {
    await this.#client.query(`DELETE FROM ${this.#table} WHERE version = $1`, [version])
  }
}
