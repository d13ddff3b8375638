import { randomBytes } from 'node:crypto'
import { database } from 'tricube/sql'

/** Whether the run's tests are behind a pooler, see test/setup.ts. Tests of what a pooler takes away are left out then. */
export const isPooled: boolean = process.env['TRICUBE_TEST_BEHIND'] !== undefined

/** A database of one's own on the run's PostgreSQL, dropped when it goes: behind the run's pooler if it has one. */
export async function freshDatabase(script = ''): Promise<{ readonly url: string } & AsyncDisposable> {
  const { url, [Symbol.asyncDispose]: drop } = await directDatabase(script)
  const pooled = new URL(url)
  pooled.port = process.env['TRICUBE_TEST_POOLER_PORT'] ?? pooled.port
  return { url: pooled.href, [Symbol.asyncDispose]: drop }
}

/** A fresh database's URL without the pooler: for clients that one does not take. */
export function directUrl(url: string): string {
  const direct = new URL(url)
  direct.port = new URL(process.env['TRICUBE_TEST_DATABASE_URL']!).port
  return direct.href
}

/** The same without a pooler. */
export async function directDatabase(script = ''): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = process.env['TRICUBE_TEST_DATABASE_URL']!
  const name = `sql_${randomBytes(6).toString('hex')}`
  await using admin = await database({ url: server, lanes: 0, pool: 1 })
  await admin.script(`CREATE DATABASE ${name} STRATEGY file_copy`)
  const url = new URL(server)
  url.pathname = `/${name}`
  if (script) {
    await using db = await database({ url: url.href, lanes: 0, pool: 1 })
    await db.script(script)
  }
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      await using again = await database({ url: server, lanes: 0, pool: 1 })
      await again.script(`DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}
