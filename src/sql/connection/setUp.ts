import type { DatabaseError } from '../errors/databaseError.ts'
import type { Connection } from './connection.ts'
import { isPooled, keepsNames } from './pooler.ts'
import { Settings } from './settings.ts'
import { simple } from './simple.ts'

/**
 * Sets the session up as decoding relies on it. Behind a pooler the session is not ours: its settings then go with each
 * transaction, and names of statements are used only if the pooler keeps them. By SET and not by startup parameters, which
 * poolers refuse. Rejects, and closes the connection, when the server does not agree.
 */
export async function setUp(connection: Connection, statementTimeoutMs: number): Promise<Connection> {
  try {
    const settings = new Settings(statementTimeoutMs)
    if (await isPooled(connection)) {
      connection.settings = settings
      connection.statements.keepsNames = await keepsNames(connection)
    } else {
      await simple(connection, settings.forSession)
    }
    return connection
  } catch (error) {
    connection.destroy(error as DatabaseError)
    throw error
  }
}
