/**
 * A collector that is down, 30 s slow, or resets changes no request: p99 of requests at a fixed rate, and the memory of
 * the service, beside those with a collector that takes everything.
 *
 *   npm run build && npm --prefix bench/trace install && npm --prefix bench/trace run faults
 *
 * All services are up at the same time and take turns, MINUTES in all (default 10), so that they meet the same noise;
 * RATE requests a second (default 300), sent when they are due, whether or not those before them have been answered.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, createServer, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { database } from 'tricube/sql'
import { startPostgres } from 'tricube/testing'

const minutes = Number(process.env.MINUTES ?? 10)
const rate = Number(process.env.RATE ?? 300)
const turnMs = 3000

const collectors = {
  'takes everything': (response) => response.writeHead(202).end(),
  'is down': undefined,
  'takes 30 s': (response) => setTimeout(() => response.writeHead(202).end(), 30_000).unref(),
  'resets connections': (response) => response.socket.resetAndDestroy(),
}

const own = process.env.DATABASE_URL ? undefined : await startPostgres()
const url = process.env.DATABASE_URL ?? own.url()
const db = database({ url })
await db.script(`
  DROP TABLE IF EXISTS bench_users;
  CREATE TABLE bench_users (id int PRIMARY KEY, name text, age int);
  INSERT INTO bench_users SELECT i, 'user ' || i, i % 90 FROM generate_series(1, 1000) i;`)

const running = []
for (const [name, answer] of Object.entries(collectors)) {
  const server = createServer((request, response) => request.resume().once('end', () => answer(response)))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `http://127.0.0.1:${server.address().port}/api/v2/spans`
  if (!answer) server.close()
  const child = fork(fileURLToPath(new URL('service.mjs', import.meta.url)), {
    env: {
      ...process.env,
      DATABASE_URL: url,
      PORT: '0',
      LOG_LEVEL: 'silent',
      NODE_ENV: 'production',
      OTEL_EXPORTER_ZIPKIN_ENDPOINT: endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '500',
    },
  })
  const [{ urls }] = await once(child, 'message')
  const [service] = urls
  running.push({ name, child, server, service, agent: new Agent({ keepAlive: true }), times: [], failed: 0, mib: [] })
}

for (const one of running) await load(one, [])
const end = performance.now() + minutes * 60_000
for (let turn = 0; performance.now() < end; turn++) {
  for (let i = 0; i < running.length; i++) {
    const one = running[(i + turn) % running.length]
    await load(one, one.times)
    one.child.send('cpu')
    const [{ rss }] = await once(one.child, 'message')
    one.mib.push(rss / 2 ** 20)
  }
}

const p99 = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)]
const normal = p99(running[0].times)
console.log(`node ${process.version}, ${minutes} minutes, ${rate} requests a second in turns of ${turnMs / 1000} s`)
console.table(
  Object.fromEntries(
    running.map(({ name, times, failed, mib }) => [
      `the collector ${name}`,
      {
        'p99, ms': Number(p99(times).toFixed(2)),
        '%': Number(((p99(times) / normal - 1) * 100).toFixed(1)),
        requests: times.length,
        failed,
        'MiB more at the end': Number((mib.at(-1) - mib[Math.floor(mib.length / 4)]).toFixed(1)),
      },
    ]),
  ),
)
for (const { child, server, agent } of running) {
  agent.destroy()
  child.disconnect()
  await once(child, 'exit')
  server.closeAllConnections()
  server.close()
}
await db.script('DROP TABLE bench_users')
await db.close()
await own?.stop()

async function load(one, times) {
  const start = performance.now()
  const pending = []
  for (let sent = 0; sent < (rate * turnMs) / 1000; sent++) {
    const dueAt = start + (sent * 1000) / rate
    const waitMs = dueAt - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    pending.push(request(one, 1 + (sent % 1000), dueAt, times))
  }
  await Promise.all(pending)
}

function request(one, id, dueAt, times) {
  return new Promise((resolve) => {
    const ended = (isAnswered) => {
      if (isAnswered) times.push(performance.now() - dueAt)
      else one.failed++
      resolve()
    }
    get(`${one.service}/users/${id}`, { agent: one.agent }, (response) => {
      response.resume().once('end', () => ended(response.statusCode === 200))
    }).once('error', () => ended(false))
  })
}
