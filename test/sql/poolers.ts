import { newPgbouncerBinary, startPgbouncer } from './connection/pgbouncer.ts'
import { startPgpool } from './connection/pgpool.ts'
import type { Pooler } from './connection/pooler.ts'

/** The poolers that the SQL tests run behind, by what TRICUBE_TEST_BEHIND calls them. */
const poolers: Readonly<Record<string, (url: string) => Promise<Pooler>>> = {
  'pgbouncer-transaction': (url) => startPgbouncer(url, { pool_mode: 'transaction' }),
  'pgbouncer-discard': (url) =>
    startPgbouncer(url, {
      pool_mode: 'transaction',
      server_reset_query: 'DISCARD ALL',
      server_reset_query_always: '1',
    }),
  'pgbouncer-session': (url) =>
    startPgbouncer(url, { pool_mode: 'session', default_pool_size: '100', server_idle_timeout: '1' }),
  'pgbouncer-prepared': (url) =>
    startPgbouncer(
      url,
      { pool_mode: 'transaction', max_prepared_statements: '200' },
      newPgbouncerBinary ?? 'TRICUBE_TEST_NEW_PGBOUNCER',
    ),
  pgpool: startPgpool,
}

/** Starts one in front of a server. */
export function startPooler(name: string, url: string): Promise<Pooler> {
  const start = poolers[name]
  if (!start) throw new Error(`TRICUBE_TEST_BEHIND=${name}: not one of ${Object.keys(poolers).join(', ')}`)
  return start(url)
}
