/** The databases of `tricube dev`: one for each service, on DATABASE_URL's server or an embedded one. */
import { migrate } from '../../migrations/index.ts'
import { createDatabase } from '../../postgres/database.ts'
import { startPostgres } from '../../postgres/start.ts'
import { CliError, failureLine } from '../failure.ts'
import type { PlannedService } from './plan.ts'
import { seedOnce } from './seed.ts'

/** Where the services' databases are. */
export interface Databases {
  /** URL of the service's database, which is made if it is not there; undefined for a service without one. */
  url(service: PlannedService): Promise<string | undefined>
  /** The URL as it may be shown: without the password when it is the user's. */
  shownUrl(service: PlannedService): string | undefined
  stop(): Promise<void>
}

/**
 * Starts the embedded server, its data in `.tricube/postgres`, unless DATABASE_URL is set or no service has a database; then
 * it starts with the first that has one.
 */
export async function openDatabases(services: readonly PlannedService[]): Promise<Databases> {
  const given = process.env['DATABASE_URL']
  let embedded: ReturnType<typeof startPostgres> | undefined
  const serverUrl = async (): Promise<string> =>
    given ?? (await (embedded ??= startPostgres({ dataDir: '.tricube/postgres' }))).url()
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
    shownUrl(service) {
      const url = urls.get(service.name)
      return given ? url?.replace(/(:\/\/[^:@/]*):[^@/]*@/, '$1@') : url
    },
    stop: async () => (await embedded)?.stop(),
  }
}

/** Brings the database up to date: migrations that are new, the seed if it never ran. */
export async function prepareDatabase(service: PlannedService, url: string | undefined): Promise<void> {
  if (url === undefined) return
  try {
    if (service.migrations) await migrate({ url, directory: new URL(service.migrations) })
    if (service.seed) await seedOnce(url, new URL(service.seed))
  } catch (error) {
    throw new CliError(`${service.name}: ${failureLine(error)}`)
  }
}

function noDatabase({ name }: PlannedService): (error: unknown) => never {
  return (error) => {
    throw new CliError(`${name}: its database cannot be made: ${failureLine(error)}`)
  }
}
