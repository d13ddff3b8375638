/** A real Pgpool-II, when there is one on the PATH or named by TRICUBE_TEST_PGPOOL. */
import { join } from 'node:path'
import { findPooler, type Pooler, startPoolerProcess } from './pooler.ts'

/** Its path; undefined when there is none. */
export const pgpoolBinary: string | undefined = findPooler('pgpool', 'TRICUBE_TEST_PGPOOL')

/**
 * Starts a Pgpool-II in front of a server: a process for each client, each with one server connection that it keeps for
 * the next client. The user need not say the password, for Pgpool-II knows it.
 */
export function startPgpool(serverUrl: string, settings: Readonly<Record<string, string>> = {}): Promise<Pooler> {
  const server = new URL(serverUrl)
  return startPoolerProcess(pgpoolBinary!, ({ port, folder }) => {
    const all = {
      backend_clustering_mode: 'streaming_replication',
      listen_addresses: '127.0.0.1',
      port: String(port),
      socket_dir: folder,
      pcp_listen_addresses: '',
      pcp_socket_dir: folder,
      pid_file_name: join(folder, 'pgpool.pid'),
      logdir: folder,
      backend_hostname0: server.hostname,
      backend_port0: server.port,
      backend_flag0: 'DISALLOW_TO_FAILOVER',
      enable_pool_hba: 'on',
      pool_passwd: 'pool_passwd',
      num_init_children: '90',
      max_pool: '1',
      sr_check_period: '0',
      sr_check_user: server.username,
      enable_shared_relcache: 'off',
      ...settings,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name} = '${value}'`)
    return {
      files: {
        'pgpool.conf': `${lines.join('\n')}\n`,
        'pool_hba.conf': 'host all all 127.0.0.1/32 trust\n',
        'pcp.conf': '',
        pool_passwd: `${server.username}:TEXT${server.password}\n`,
      },
      args: [
        '-n',
        ...['-f', join(folder, 'pgpool.conf')],
        ...['-a', join(folder, 'pool_hba.conf')],
        ...['-F', join(folder, 'pcp.conf')],
      ],
      stop: 'SIGINT', // killed, it would leave its workers and its shared memory
    }
  })
}
