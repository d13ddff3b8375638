/** A real PgBouncer, when there is one on the PATH or named by TRICUBE_TEST_PGBOUNCER. */
import { join } from 'node:path'
import { findPooler, type Pooler, startPoolerProcess } from './pooler.ts'

/** Its path; undefined when there is none. */
export const pgbouncerBinary: string | undefined = findPooler('pgbouncer', 'TRICUBE_TEST_PGBOUNCER')

/** Path of one that knows `max_prepared_statements`, from 1.21 on, and renames prepared statements. */
export const newPgbouncerBinary: string | undefined = process.env['TRICUBE_TEST_NEW_PGBOUNCER']

/**
 * Starts a PgBouncer in front of a server. Unlike the default it takes the server connection that was used longest ago,
 * so that each transaction meets another one.
 */
export function startPgbouncer(
  serverUrl: string,
  settings: Readonly<Record<string, string>>,
  binary: string | undefined = pgbouncerBinary,
): Promise<Pooler> {
  const server = new URL(serverUrl)
  if (!binary) throw new Error('no PgBouncer: see scripts/pgbouncer.mjs')
  return startPoolerProcess(binary, ({ port, folder }) => {
    const all = {
      listen_addr: '127.0.0.1',
      listen_port: String(port),
      unix_socket_dir: '',
      auth_type: 'any',
      server_round_robin: '1',
      default_pool_size: '20',
      max_client_conn: '1000',
      ...settings,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`)
    const target = `* = host=${server.hostname} port=${server.port} user=${server.username} password=${server.password}`
    // Only root may read the cache that the new one is in.
    const changesUser = binary === newPgbouncerBinary
    const user = changesUser && process.getuid?.() === 0 ? ['-u', 'nobody'] : []
    const ini = ['[databases]', target, '[pgbouncer]', ...lines, ''].join('\n')
    return {
      files: { 'pgbouncer.ini': ini },
      args: [...user, join(folder, 'pgbouncer.ini')],
      stop: 'SIGKILL',
      changesUser,
    }
  })
}
