import type { DashboardDatabase } from '../../dashboard/data/database.ts'
import { migrationStatus } from '../../migrations/index.ts'
import type { PlannedService } from './plan.ts'

/** Where a service has its data. */
export interface ServiceData {
  readonly service: Pick<PlannedService, 'name' | 'migrations' | 'shards'>
  /** The database that dev has made for it. */
  readonly url: string | undefined
  readonly env: NodeJS.ProcessEnv
}

/** Lists the databases of a service: its own, its shards, and the replicas of each. */
export function databasesOf({ service, url, env }: ServiceData): DashboardDatabase[] {
  const { name, migrations, shards } = service
  const replicas = env['DATABASE_REPLICA_URLS']?.split(/,(?=postgres(?:ql)?:)/).filter(Boolean) ?? []
  const group = (prefix: string, primary: string, standbys: readonly string[]): DashboardDatabase[] => [
    {
      service: name,
      name: `${prefix}primary`,
      role: 'primary',
      url: primary,
      ...(migrations !== undefined && {
        migrations: () => migrationStatus({ url: primary, directory: new URL(migrations) }),
      }),
    },
    ...standbys.map((standby, i): DashboardDatabase => ({
      service: name,
      name: `${prefix}replica ${i + 1}`,
      role: 'replica',
      url: standby,
    })),
  ]
  return [
    ...(url === undefined ? [] : group('', url, replicas)),
    ...shards.flatMap((shard) => group(`${shard.name}/`, shard.url, shard.replicas)),
  ]
}
