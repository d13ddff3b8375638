/**
 * Finds what a statement has left in its session without showing it in its text: by a function, a trigger or a DO block.
 * Runs once for each statement text, outside production.
 */
import { DatabaseError } from '../errors/databaseError.ts'
import type { Connection } from './connection.ts'
import { expectedSettings } from './settings.ts'
import { text } from '../values/decoders.ts'
import { valueDecoder } from '../wire/decoder.ts'
import { Exchange } from './exchange.ts'

const ours = Object.entries(expectedSettings)
  .map(([name, value]) => `('${name}', '${value}')`)
  .join(', ')

// Pgpool-II sets application_name itself when it hands a connection on. It affects no result.
const leftBehind = `
  SELECT string_agg(what, ', ') FROM (
    SELECT 'the setting ' || s.name AS what FROM pg_catalog.pg_settings s
      LEFT JOIN (VALUES ${ours}) ours(name, value) ON lower(ours.name) = lower(s.name)
      WHERE s.source = 'session' AND s.name NOT IN ('statement_timeout', 'application_name') AND s.name NOT LIKE 'transaction\\_%'
        AND (ours.value IS NULL OR split_part(s.setting, ',', 1) <> ours.value)
    UNION ALL SELECT 'the role ' || current_user WHERE current_setting('role') <> 'none' OR current_user <> session_user
    UNION ALL SELECT 'an advisory lock' WHERE EXISTS (
      SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
    UNION ALL SELECT 'LISTEN ' || channel FROM pg_listening_channels() channel
    UNION ALL SELECT 'the temporary relation ' || relname FROM pg_catalog.pg_class
      WHERE relnamespace = pg_my_temp_schema() AND relkind IN ('r', 'v', 'S', 'm')
    UNION ALL SELECT 'the cursor ' || name FROM pg_catalog.pg_cursors WHERE is_holdable
    UNION ALL SELECT 'PREPARE ' || name FROM pg_catalog.pg_prepared_statements WHERE from_sql
  ) remains`

/** Rejects with a DatabaseError if something was left, and marks the connection as not reusable. */
export function assertNothingLeft(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => connection.send(new SessionCheck(resolve, reject)))
}

class SessionCheck extends Exchange<Connection> {
  readonly #resolve: () => void
  readonly #reject: (error: DatabaseError) => void
  #left: string | undefined

  constructor(resolve: () => void, reject: (error: DatabaseError) => void) {
    super()
    this.#resolve = resolve
    this.#reject = reject
  }

  override write({ output }: Connection): boolean {
    output.query(leftBehind)
    return true
  }

  override row(bytes: Buffer, start: number): void {
    this.#left = (decode(bytes, start) as string | null) ?? undefined
  }

  override fail(): void {}

  override ready(connection: Connection): void {
    if (this.#left === undefined) return this.#resolve()
    connection.isDirty = true
    this.#reject(
      new DatabaseError(
        '25001',
        `the statement has run, but left ${this.#left} on its connection for the next user: limit it to a transaction`,
      ),
    )
  }

  override lost(): void {
    this.#resolve() // the session is gone, with everything in it
  }
}

const decode = valueDecoder([{ name: 'what', type: 25 }], () => text)
