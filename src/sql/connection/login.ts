import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Client } from 'pg'
import { DatabaseError, errorOf } from '../errors/databaseError.ts'
import { passwordFor } from '../url/passwordFile.ts'
import type { SessionAttrs } from '../url/parameters.ts'
import type { Address, ConnectionSettings } from '../url/settings.ts'

/** An open session. */
export interface Session {
  readonly socket: Socket
  readonly address: Address
  readonly processId: number
  readonly secretKey: number
}

/** A session, and the client of `pg` that opened it. */
export interface Login {
  readonly client: Client
  readonly session: Session
}

/** The fields of a connected client of `pg` that are used here; they are not public. */
interface OpenedClient {
  readonly connection: EventEmitter & { readonly stream: Socket }
  readonly processID: number
  readonly secretKey: number
  query(text: string): Promise<{ readonly rows: readonly Record<string, unknown>[] }>
}

/** How to open a session. */
export interface LoginOptions {
  readonly address: Address
  readonly settings: ConnectionSettings
  readonly applicationName: string
  readonly attrs: SessionAttrs
  /** Milliseconds for all of it. */
  readonly limitMs: number
}

/**
 * Opens a session over a socket; `pg` does the authentication. Rejects with the server's DatabaseError, or with the error
 * of the socket.
 */
export async function login(socket: Socket, options: LoginOptions): Promise<Login> {
  const { settings, address, attrs, limitMs } = options
  const { default: pg } = await import('pg')
  const limit = setTimeout(() => socket.destroy(new Error(`no response within ${Math.round(limitMs)} ms`)), limitMs)
  try {
    const client = new pg.Client(clientOptions(socket, options))
    client.on('error', () => {}) // the events of the socket report it
    const opened = client as unknown as OpenedClient
    if (settings.needsChannelBinding) requireChannelBinding(opened.connection, socket)
    const reported = attrs === 'any' ? undefined : statuses(opened.connection)
    await client.connect()
    if (reported) await assertAttrs(opened, reported, attrs)
    return { client, session: { socket, address, processId: opened.processID, secretKey: opened.secretKey } }
  } catch (cause) {
    socket.destroy()
    if (!(cause instanceof pg.DatabaseError)) throw cause
    throw errorOf({ C: cause.code ?? '08001', M: cause.message, ...(cause.hint && { H: cause.hint }) })
  } finally {
    clearTimeout(limit)
  }
}

function clientOptions(socket: Socket, { settings, address, applicationName }: LoginOptions): object {
  const { user, database, password, options, needsChannelBinding } = settings
  return {
    user,
    database,
    host: address.host,
    port: address.port,
    // Called only when the server asks for a password.
    password: async () => password ?? (await passwordFor(settings, address)) ?? noPassword(user),
    stream: () => connected(socket),
    ssl: false, // the socket is encrypted already, if it should be
    sslnegotiation: 'postgres',
    options,
    application_name: settings.applicationName ?? applicationName,
    enableChannelBinding: needsChannelBinding,
  }
}

function noPassword(user: string): never {
  throw new DatabaseError(
    '28P01',
    `the server requires a password for ${user}: set it in the URL, in PGPASSWORD or in a password file`,
  )
}

/** A socket as `pg` expects it: `pg` connects its socket, and this one is connected. */
function connected(socket: Socket): Socket {
  const connect = (): Socket => {
    process.nextTick(() => socket.emit('connect'))
    return socket
  }
  return Object.assign(socket, { connect })
}

/** Sends no password to a server that does not prove that the encrypted connection ends at it. */
function requireChannelBinding(connection: EventEmitter, socket: Socket): void {
  let isBound = false
  const reject = (): void => {
    socket.destroy(new DatabaseError('28000', 'channel_binding=require, but the server does not offer it'))
  }
  connection.on('authenticationSASL', ({ mechanisms }: { mechanisms: readonly string[] }) => {
    isBound = mechanisms.includes('SCRAM-SHA-256-PLUS')
    if (!isBound) reject()
  })
  connection.on('authenticationCleartextPassword', reject)
  connection.on('authenticationMD5Password', reject)
  connection.on('authenticationOk', () => isBound || reject())
}

/** The settings that the server reports; those used here exist since PostgreSQL 14. */
function statuses(connection: EventEmitter): Map<string, string> {
  const reported = new Map<string, string>()
  connection.on('parameterStatus', ({ parameterName, parameterValue }: Record<string, string>) =>
    reported.set(parameterName!, parameterValue!),
  )
  return reported
}

async function assertAttrs(client: OpenedClient, reported: Map<string, string>, attrs: SessionAttrs): Promise<void> {
  let isStandby = reported.get('in_hot_standby')
  let isReadOnly = reported.get('default_transaction_read_only')
  if (isStandby === undefined || isReadOnly === undefined) {
    const { rows } = await client.query(
      `SELECT CASE WHEN pg_is_in_recovery() THEN 'on' ELSE 'off' END AS s, current_setting('transaction_read_only') AS r`,
    )
    isStandby = rows[0]?.['s'] as string
    isReadOnly = rows[0]?.['r'] as string
  }
  const standby = isStandby === 'on'
  const readOnly = standby || isReadOnly === 'on'
  const isMatch =
    { 'read-write': !readOnly, 'read-only': readOnly, primary: !standby, standby }[attrs as string] ?? true
  if (isMatch) return
  throw new Error(
    `the server is ${standby ? 'a standby' : readOnly ? 'read-only' : 'a primary'}, target_session_attrs=${attrs}`,
  )
}
