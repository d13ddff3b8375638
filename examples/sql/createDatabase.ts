import { randomBytes } from 'node:crypto'
import { startPostgres } from 'tricube/testing'
import { database } from 'tricube/sql'

/** A database for one test. */
export interface OwnDatabase {
  readonly url: string
  drop(): Promise<void>
}

/** Creates a database on the server of the test run, or on a server of its own. */
export async function createDatabase(name: string): Promise<OwnDatabase> {
  const given = process.env['TRICUBE_TEST_DATABASE_URL']
  const own = given === undefined ? await startPostgres() : undefined
  const server = database({ url: given ?? own!.url(), lanes: 0 })
  const unique = `${name}_${randomBytes(4).toString('hex')}`
  await server.execute`CREATE DATABASE ${server.id(unique)}`
  const url = new URL(given ?? own!.url())
  url.pathname = unique
  return {
    url: url.href,
    async drop() {
      await server.execute`DROP DATABASE ${server.id(unique)} WITH (FORCE)`
      await server.close()
      await own?.stop()
    },
  }
}
