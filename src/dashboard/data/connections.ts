import type { ConnectionRow, Failure } from '../model/data.ts'
import { askService, type ServiceAddress } from '../server/askService.ts'

const timeoutMs = 1000

/** Reads the connections of a service to its databases from its metrics. */
export async function connectionsOf(service: ServiceAddress | undefined): Promise<ConnectionRow[] | Failure> {
  if (service?.url === undefined) return { failure: 'the service does not run' }
  try {
    const { status, body } = await askService(service, { path: '/metrics', timeoutMs })
    if (status !== 200) return { failure: 'the service has no metrics: they are off, or have an admin port' }
    return connectionRows(body.toString())
  } catch {
    return { failure: `the service did not respond within ${timeoutMs} ms` }
  }
}

/** Reads the connections in metrics in Prometheus' format, by server. */
export function connectionRows(metrics: string): ConnectionRow[] {
  const servers = new Map<string, Map<string, number>>()
  for (const [, name, labels, value] of metrics.matchAll(sample)) {
    const { server, state } = Object.fromEntries([...labels!.matchAll(label)].map(([, key, text]) => [key, text]))
    if (server === undefined) continue
    const values = servers.get(server) ?? new Map<string, number>()
    servers.set(server, values.set(state === undefined ? name! : `${name} ${state}`, Number(value)))
  }
  return [...servers].map(([server, values]) => {
    const lagS = values.get('replica_lag_seconds')
    return {
      server,
      lanes: {
        up: values.get('lanes up') ?? 0,
        down: values.get('lanes down') ?? 0,
        inFlight: values.get('lane_statements') ?? 0,
        waiting: values.get('lane_waiting') ?? 0,
      },
      pool: {
        used: values.get('connections used') ?? 0,
        idle: values.get('connections idle') ?? 0,
        waiting: values.get('pending_requests') ?? 0,
      },
      ...(lagS !== undefined && { lagMs: lagS * 1000 }),
    }
  })
}

const sample =
  /^db_client_(connections|pending_requests|lanes|lane_statements|lane_waiting|replica_lag_seconds)\{([^}]*)\} (\S+)/gm
const label = /(\w+)="((?:[^"\\]|\\.)*)"/g
