import type { Contract } from '../contract/contract.ts'
import { readFile } from 'node:fs/promises'
import { migrate } from '../migrations/migrate.ts'
import type { DatabaseSettings } from '../service/parts/database.ts'
import type { Service } from '../service/service.ts'
import { database } from '../sql/index.ts'
import { prepareTables } from '../tables/prepare.ts'
import { createTestDatabase, type TestDatabase } from './testDatabase.ts'

/** The databases of a service under test. */
export interface FreshDatabases {
  /** URL of the database; undefined for a service without one, or with shards only. */
  readonly url: string | undefined
  /** The settings of the service, with its shards on the new databases. */
  readonly settings: DatabaseSettings | undefined
  /** Drops all of them. */
  drop(): Promise<void>
}

/** Creates the databases of a service, migrates them and optionally runs the seed: one, or one for each shard. */
export async function freshDatabases(
  service: Service<Contract, unknown>,
  { seed }: { readonly seed: boolean },
): Promise<FreshDatabases> {
  const made: TestDatabase[] = []
  const drop = async (): Promise<void> => void (await Promise.all(made.map((one) => one.drop())))
  const make = async (): Promise<string> => {
    const one = await createTestDatabase(service.name)
    made.push(one)
    if (service.migrations) await migrate({ url: one.url, directory: service.migrations, allowUnwritten: true })
    // A service that starts on a slow machine may create them later, after the first request of the test.
    if (service.tables.length > 0) await createTables(one.url, service)
    if (seed && service.seed) await runSeed(one.url, service.seed)
    return one.url
  }

  const { database: settings } = service.definition
  if (!service.usesDatabase) return { url: undefined, settings, drop }
  try {
    if (!settings?.shards) return { url: await make(), settings, drop }
    const shards = Object.keys(settings.shards.map).map(async (name) => [name, await make()] as const)
    const map = Object.fromEntries(await Promise.all(shards))
    return { url: undefined, settings: { ...settings, shards: { ...settings.shards, map } }, drop }
  } catch (error) {
    await drop()
    throw error
  }
}

async function createTables(url: string, { name, tables }: Service<Contract, unknown>): Promise<void> {
  await using db = database({ url, lanes: 0, pool: 1 })
  await prepareTables(db, tables, name)
}

async function runSeed(url: string, seed: URL): Promise<void> {
  await using db = database({ url })
  await db.script(await readFile(seed, 'utf8'))
}
