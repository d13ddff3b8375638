import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Client } from 'pg'
import { DatabaseError, errorOf } from '../errors/databaseError.ts'
import { passwordFor } from '../url/passwordFile.ts'
import type { SessionAttrs } from '../url/parameters.ts'
import type { Address, ConnectionSettings } from '../url/settings.ts'

/** A session that has begun. */
export interface Session {
  readonly socket: Socket
  readonly address: Address
  readonly processId: number
  readonly secretKey: number
}

/** A session, and `pg`'s client that has begun it. */
export interface Login {
  readonly client: Client
  readonly session: Session
}

/** What `pg` keeps of a client that has connected, below its public surface. */
interface OpenedClient {
  readonly connection: EventEmitter & { readonly stream: Socket }
  readonly processID: number
  readonly secretKey: number
  query(text: string): Promise<{ readonly rows: readonly Record<string, unknown>[] }>
}

/** How a session is to begin. */
export interface LoginOptions {
  readonly address: Address
  readonly settings: ConnectionSettings
  readonly applicationName: string
  readonly attrs: SessionAttrs
  /** For all of it, in milliseconds. */
  readonly limitMs: number
}

/**
 * Begins a session over a socket: `pg` knows how to authenticate. Rejects with the server's own DatabaseError, or with
 * whatever else went wrong.
 */
export async function login(socket: Socket, options: LoginOptions): Promise<Login> {
  const { settings, address, attrs, limitMs } = options
  const { default: pg } = await import('pg')
  const limit = setTimeout(() => socket.destroy(new Error(`no answer within ${Math.round(limitMs)} ms`)), limitMs)
  try {
    const client = new pg.Client(clientOptions(socket, options))
    client.on('error', () => {}) // the socket's own events tell
    const opened = client as unknown as OpenedClient
    if (settings.needsChannelBinding) requireChannelBinding(opened.connection, socket)
    const said = attrs === 'any' ? undefined : statuses(opened.connection)
    await client.connect()
    if (said) await assertAttrs(opened, said, attrs)
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
    // Asked for only when the server wants one.
    password: async () => password ?? (await passwordFor(settings, address)) ?? noPassword(user),
    stream: () => connected(socket),
    ssl: false, // the socket is what it should be
    sslnegotiation: 'postgres',
    options,
    application_name: settings.applicationName ?? applicationName,
    enableChannelBinding: needsChannelBinding,
  }
}

function noPassword(user: string): never {
  throw new DatabaseError(
    '28P01',
    `the server asks for the password of ${user}: put it in the URL, in PGPASSWORD or in a file of passwords`,
  )
}

/** `pg` connects what it is given; this one is connected. */
function connected(socket: Socket): Socket {
  const connect = (): Socket => {
    process.nextTick(() => socket.emit('connect'))
    return socket
  }
  return Object.assign(socket, { connect })
}

/** Gives nothing away to a server that does not prove that the encrypted connection ends at it. */
function requireChannelBinding(connection: EventEmitter, socket: Socket): void {
  let isBound = false
  const refuse = (): void => {
    socket.destroy(new DatabaseError('28000', 'channel_binding=require, and the server does not offer it'))
  }
  connection.on('authenticationSASL', ({ mechanisms }: { mechanisms: readonly string[] }) => {
    isBound = mechanisms.includes('SCRAM-SHA-256-PLUS')
    if (!isBound) refuse()
  })
  connection.on('authenticationCleartextPassword', refuse)
  connection.on('authenticationMD5Password', refuse)
  connection.on('authenticationOk', () => isBound || refuse())
}

/** What the server says of itself from PostgreSQL 14 on. */
function statuses(connection: EventEmitter): Map<string, string> {
  const said = new Map<string, string>()
  connection.on('parameterStatus', ({ parameterName, parameterValue }: Record<string, string>) =>
    said.set(parameterName!, parameterValue!),
  )
  return said
}

async function assertAttrs(client: OpenedClient, said: Map<string, string>, attrs: SessionAttrs): Promise<void> {
  let isStandby = said.get('in_hot_standby')
  let isReadOnly = said.get('default_transaction_read_only')
  if (isStandby === undefined || isReadOnly === undefined) {
    const { rows } = await client.query(
      `SELECT CASE WHEN pg_is_in_recovery() THEN 'on' ELSE 'off' END AS s, current_setting('transaction_read_only') AS r`,
    )
    isStandby = rows[0]?.['s'] as string
    isReadOnly = rows[0]?.['r'] as string
  }
  const standby = isStandby === 'on'
  const readOnly = standby || isReadOnly === 'on'
  const isWanted =
    { 'read-write': !readOnly, 'read-only': readOnly, primary: !standby, standby }[attrs as string] ?? true
  if (isWanted) return
  throw new Error(
    `it is ${standby ? 'a standby' : readOnly ? 'read-only' : 'a primary'}, target_session_attrs=${attrs}`,
  )
}
