/**
 * What tracing costs: `GET /users/:id` with one SELECT, by 64 connections at a time.
 *
 *   npm run build && npm --prefix bench/trace install && npm --prefix bench/trace start
 *
 * The first three are services of one process, the others, which change the process, have one each. All are up at the
 * same time and take turns, in many short rounds, so that they meet the same noise. CPU is that of the service's process
 * alone, user and system, exporting included; the lowest quarter of the rounds is averaged, since other programs can only
 * add to it. The collector takes everything.
 *
 * DATABASE_URL, if set, is used instead of a PostgreSQL of one's own; a table `bench_users` is made in it and dropped.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { database } from 'tricube/sql'
import { startPostgres } from 'tricube/testing'

const rounds = Number(process.env.ROUNDS ?? 40)
const requests = Number(process.env.REQUESTS ?? 2000)
const connections = 64
const warmUp = 15_000

const start = (file, env = {}) =>
  fork(fileURLToPath(new URL(file, import.meta.url)), { env: { ...process.env, ...env }, serialization: 'advanced' })
const ask = async (child, question) => {
  const answer = once(child, 'message')
  if (question) child.send(question)
  return (await answer)[0]
}

const own = process.env.DATABASE_URL ? undefined : await startPostgres()
const url = process.env.DATABASE_URL ?? own.url()
const db = database({ url })
await db.script(`
  DROP TABLE IF EXISTS bench_users;
  CREATE TABLE bench_users (id int PRIMARY KEY, name text, age int);
  INSERT INTO bench_users SELECT i, 'user ' || i, i % 90 FROM generate_series(1, 1000) i;`)

const collector = start('collector.mjs')
const zipkin = (await ask(collector)).url
const common = { DATABASE_URL: url, PORT: '0', LOG_LEVEL: 'error', NODE_ENV: 'production' }
const to = (sender) => ({ OTEL_EXPORTER_ZIPKIN_ENDPOINT: `${zipkin}?by=${sender}` })
const contenders = [
  { name: 'no tracing', env: {} },
  { name: 'tricube, 1 %', env: { ...to('few'), OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' } },
  { name: 'tricube, 100 %', env: { ...to('all'), OTEL_TRACES_SAMPLER: 'always_on' } },
]
const alone = [
  { name: 'tricube, 100 %, OpenTelemetry API', env: { ...to('api'), OPENTELEMETRY_API: '1' } },
  { name: 'OpenTelemetry SDK, 100 %', env: { TRACED_BY: 'sdk', ZIPKIN: `${zipkin}?by=sdk` } },
]
const senders = [undefined, 'few', 'all', 'api', 'sdk']
const running = []
for (const group of [contenders, ...alone.map((one) => [one])]) {
  const child = start('service.mjs', { ...common, SERVICES: JSON.stringify(group.map(({ env }) => env)) })
  const { urls } = await ask(child)
  for (const [i, { name }] of group.entries()) {
    running.push({
      name,
      child,
      url: urls[i],
      agent: new Agent({ keepAlive: true, maxSockets: connections }),
      cpuUs: [],
    })
  }
}

for (const contender of running) await load(contender, warmUp)
for (let round = 0; round < rounds; round++) {
  for (const contender of rotated(running, round)) {
    const { cpu: before } = await ask(contender.child, 'cpu')
    await load(contender, requests)
    const { cpu: after } = await ask(contender.child, 'cpu')
    contender.cpuUs.push((after.user + after.system - before.user - before.system) / requests)
  }
}

// The last batches are sent when the services stop.
for (const { agent } of running) agent.destroy()
for (const child of new Set(running.map(({ child }) => child))) {
  child.disconnect()
  await once(child, 'exit')
}
const exported = await ask(collector, 'spans')

const [{ cpuUs: without }] = running
const base = lowest(without)
console.log(`node ${process.version}, ${rounds} rounds of ${requests} requests, ${connections} connections`)
console.table(
  Object.fromEntries(
    running.map(({ name, cpuUs }, i) => [
      name,
      {
        'µs CPU a request': Number(lowest(cpuUs).toFixed(2)),
        'of tracing': Number((lowest(cpuUs) - base).toFixed(2)),
        '%': Number(((lowest(cpuUs) / base - 1) * 100).toFixed(1)),
        'spans exported a request': Number(((exported[senders[i]] ?? 0) / (rounds * requests + warmUp)).toFixed(2)),
      },
    ]),
  ),
)

collector.disconnect()
await db.script('DROP TABLE bench_users')
await db.close()
await own?.stop()

async function load({ url, agent }, count) {
  let left = count
  const connection = async () => {
    while (left-- > 0) {
      await new Promise((resolve, reject) => {
        get(`${url}/users/${1 + (left % 1000)}`, { agent }, (response) => {
          if (response.statusCode !== 200) reject(new Error(`the service answered ${response.statusCode}`))
          response.resume().once('end', resolve)
        }).once('error', reject)
      })
    }
  }
  await Promise.all(Array.from({ length: connections }, connection))
}

function rotated(all, by) {
  return all.map((_, i) => all[(i + by) % all.length])
}

function lowest(numbers) {
  const best = numbers.toSorted((a, b) => a - b).slice(0, Math.ceil(numbers.length / 4))
  return best.reduce((a, b) => a + b) / best.length
}
