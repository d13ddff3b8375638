import type { DatabaseError } from '../errors/databaseError.ts'
import type { Connection } from './connection.ts'
import { isPooled } from './pooler.ts'
import { Settings } from './settings.ts'
import { simple } from './simple.ts'

/**
 * Sets up the session as decoding expects it. Rejects and closes the connection if the server does not agree.
 *
 * It uses SET because poolers reject startup parameters. Behind a pooler the session is shared: settings go with each
 * transaction, and statements have no names. A pooler that manages names itself (PgBouncer's `max_prepared_statements`)
 * gives equal texts one statement on the server and never parses it anew. After a migration that statement would have
 * the old types.
 */
export async function setUp(connection: Connection, statementTimeoutMs: number): Promise<Connection> {
  try {
    const settings = new Settings(statementTimeoutMs)
    if (await isPooled(connection)) {
      connection.settings = settings
      connection.statements.keepsNames = false
    } else {
      await simple(connection, settings.forSession)
    }
    return connection
  } catch (error) {
    connection.destroy(error as DatabaseError)
    throw error
  }
}
