/**
 * One SELECT by key, from 64 callers at a time: tricube's lanes beside pg, postgres.js and, where `go` is installed,
 * Go with pgx. Each contender is a process of its own; rounds are interleaved, and what is printed are medians.
 *
 *   npm run build && npm --prefix bench ci && npm --prefix bench run sql
 *
 * CPU is that of the client process alone, user and system. DATABASE_URL, if set, is used instead of a PostgreSQL of
 * one's own; a table `bench_users` is made in it and dropped.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { startPostgres } from 'tricube/testing'

const run = promisify(execFile)
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const rounds = Number(process.env.ROUNDS ?? 5)
const statements = Number(process.env.STATEMENTS ?? 60_000)

const own = process.env.DATABASE_URL ? undefined : await startPostgres()
const url = process.env.DATABASE_URL ?? own.url()

const setup = new pg.Client(url)
await setup.connect()
await setup.query(`
  DROP TABLE IF EXISTS bench_users;
  CREATE TABLE bench_users (id int PRIMARY KEY, name text, age int, city_id int, role_id int, create_time timestamptz);
  INSERT INTO bench_users SELECT i, 'user ' || i, i % 90, i % 8, i % 3, now() FROM generate_series(1, 1000) i;
  ANALYZE bench_users`)

const node = (name) => ({ name, file: process.execPath, args: [here('client.mjs'), name] })
const contenders = [
  'tricube, 2 lanes',
  'tricube, 1 lane',
  'tricube, pool of 16',
  'pg, pool of 16',
  'pg, pipelined',
  'postgres.js, 16 connections',
].map(node)
const pgx = await buildPgx()
if (pgx) contenders.push({ name: 'Go, pgx pool of 16', file: pgx, args: [] })

const results = new Map(contenders.map(({ name }) => [name, []]))
for (let round = 0; round < rounds; round++) {
  for (const { name, file, args } of contenders) {
    const { stdout } = await run(file, args, {
      env: { ...process.env, DATABASE_URL: url, STATEMENTS: String(statements) },
    })
    results.get(name).push(JSON.parse(stdout))
  }
}
await setup.query('DROP TABLE bench_users')
await setup.end()
await own?.stop()

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
console.log(`node ${process.version}, ${rounds} rounds of ${statements} statements, 64 callers`)
console.table(
  Object.fromEntries(
    [...results].map(([name, found]) => [
      name,
      {
        'µs CPU a statement': Number(median(found.map(({ cpuUs }) => cpuUs)).toFixed(1)),
        'statements a second': Math.round(median(found.map(({ perSecond }) => perSecond))),
      },
    ]),
  ),
)

/** Builds pgx's client: with its module, else with Debian's package golang-github-jackc-pgx-v4-dev. */
async function buildPgx() {
  for (const env of [{ GOFLAGS: '-mod=mod' }, { GO111MODULE: 'off', GOPATH: '/usr/share/gocode' }]) {
    try {
      await run('go', ['build', '-o', 'pgx-client', '.'], { cwd: here('pgx'), env: { ...process.env, ...env } })
      return here('pgx/pgx-client')
    } catch (error) {
      if (error.code !== 'ENOENT') console.error(`without pgx: ${error.stderr}`)
    }
  }
  return undefined
}
