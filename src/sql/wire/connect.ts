import type { Socket } from 'node:net'
import { errorOf, unreachable } from '../databaseError.ts'
import type { Types } from '../types.ts'
import { Connection } from './connection.ts'

/** How to open a connection. */
export interface ConnectOptions {
  readonly url: string
  readonly applicationName: string
  /** Limit for opening it, in milliseconds. */
  readonly connectTimeoutMs: number
  /** The most statements that are kept prepared on it. */
  readonly preparedStatements: number
  readonly types: Types
}

/** What `pg` keeps of a client that has connected, below its public surface. */
export interface OpenedClient {
  readonly connection: { readonly stream: Socket }
  readonly processID: number
  readonly secretKey: number
}

/** Opens a session. Rejects with a DatabaseError: the server's own, else 08001. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs,
    keepAlive: true,
  })
  client.on('error', () => {}) // the socket's own events tell
  try {
    await client.connect()
  } catch (cause) {
    if (cause instanceof pg.DatabaseError) throw errorOf({ C: cause.code ?? '08001', M: cause.message })
    throw unreachable(cause)
  }
  return new Connection(client as unknown as OpenedClient, options)
}
