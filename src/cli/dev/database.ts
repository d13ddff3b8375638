/** The databases of `tricube dev`: one per service, on the server of DATABASE_URL or on an embedded one. */
import { migrate } from '../../migrations/index.ts'
import { createDatabase } from '../../postgres/database.ts'
import { CliError, failureLine } from '../failure.ts'
import type { PlannedService } from './plan.ts'
import { DevPostgres } from './postgres.ts'
import type { Screen } from './screen.ts'
import { seedOnce } from './seed.ts'

/** The services' databases. */
export interface Databases {
  /** Returns the URL of the service's database, which is created if missing; undefined for a service without one. */
  url(service: PlannedService): Promise<string | undefined>
  /** Returns the URL for display: without the password if the server is the user's. */
  displayUrl(service: PlannedService): string | undefined
  stop(): Promise<void>
}

/**
 * Starts the embedded server, and starts it again when it dies.
 *
 * With DATABASE_URL set, no server is started. Without a service that has a database, it starts with the first such service.
 */
export async function openDatabases(
  services: readonly PlannedService[],
  screen: Pick<Screen, 'info' | 'warn'>,
): Promise<Databases> {
  const ownUrl = process.env['DATABASE_URL']
  let embedded: Promise<DevPostgres> | undefined
  const serverUrl = async (): Promise<string> => ownUrl ?? (await (embedded ??= DevPostgres.start(screen))).url()
  if (services.some((service) => service.usesDatabase)) await serverUrl()
  const urls = new Map<string, string>()
  return {
    async url(service) {
      if (!service.usesDatabase) return undefined
      const { name } = service
      const url =
        urls.get(name) ??
        (await createDatabase(await serverUrl(), name.replaceAll(/\W/g, '_')).catch(noDatabase(service)))
      urls.set(name, url)
      return url
    },
    displayUrl(service) {
      const url = urls.get(service.name)
      return ownUrl ? url?.replace(/(:\/\/[^:@/]*):[^@/]*@/, '$1@') : url
    },
    stop: async () => (await embedded)?.stop(),
  }
}

/** Applies pending migrations, and the seed if it has never run. */
export async function prepareDatabase(service: PlannedService, url: string | undefined): Promise<void> {
  if (url === undefined) return
  try {
    if (service.migrations) await migrate({ url, directory: new URL(service.migrations), allowUnwritten: true })
    if (service.seed) await seedOnce(url, new URL(service.seed))
  } catch (error) {
    throw new CliError(`${service.name}: ${failureLine(error)}`)
  }
}

function noDatabase({ name }: PlannedService): (error: unknown) => never {
  return (error) => {
    throw new CliError(`${name}: cannot create its database: ${failureLine(error)}`)
  }
}
