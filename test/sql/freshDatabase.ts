import { randomBytes } from 'node:crypto'
import { database } from 'tricube/sql'

/** A database of one's own on the run's PostgreSQL, dropped when it goes. */
export async function freshDatabase(script = ''): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = process.env['TRICUBE_TEST_DATABASE_URL']!
  const name = `sql_${randomBytes(6).toString('hex')}`
  await using admin = await database({ url: server, lanes: 0, pool: 1 })
  await admin.script(`CREATE DATABASE ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  if (script) {
    await using db = await database({ url: url.href, lanes: 0, pool: 1 })
    await db.script(script)
  }
  // The whole suite runs behind a pooler, too: see test/setup.ts.
  const pooler = process.env['TRICUBE_TEST_POOLER_PORT']
  const own = new URL(url)
  if (pooler) own.port = pooler
  return {
    url: own.href,
    async [Symbol.asyncDispose]() {
      await using again = await database({ url: server, lanes: 0, pool: 1 })
      await again.script(`DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}
