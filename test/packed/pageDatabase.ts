import { randomUUID } from 'node:crypto'
import pg from 'pg'

/** Makes a database on the server of the tests, which goes with that, and returns its URL. `setup` is run in it. */
export async function newDatabase(setup?: string): Promise<string> {
  const server = process.env['TRICUBE_TEST_DATABASE_URL']!
  const name = `pages_${randomUUID().replaceAll('-', '')}`
  const client = new pg.Client(server)
  await client.connect()
  await client.query(`CREATE DATABASE ${name} STRATEGY file_copy`)
  await client.end()
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
  if (setup === undefined) return url
  const inside = new pg.Client(url)
  await inside.connect()
  await inside.query(setup)
  await inside.end()
  return url
}
