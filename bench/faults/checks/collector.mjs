import { once } from 'node:events'
import { createServer } from 'node:http'
import { startPostgres } from 'tricube/testing'
import { callerOf, succeeding } from '../lib/caller.mjs'
import { exampleDatabase, startExample } from '../lib/examples.mjs'
import { failed, load, percentile } from '../lib/load.mjs'

export const number = 15
export const title = 'the collector of traces'

const rate = 100
const turnSeconds = 2
const mib = 2 ** 20

/** The response of each collector; undefined if it is down. */
const collectors = {
  'takes everything': (response) => response.writeHead(202).end(),
  'takes everything, again': (response) => response.writeHead(202).end(),
  'is down': undefined,
  'takes 30 s': (response) => setTimeout(() => response.writeHead(202).end(), 30_000).unref(),
  resets: (response) => response.socket.resetAndDestroy(),
}

/**
 * Services that differ in nothing but their collector take turns, so that they meet the same noise. What the first two,
 * which are the same, differ by is what this machine cannot tell apart.
 */
export async function run({ full }) {
  const minutes = full ? 10 : 2
  const postgres = await startPostgres()
  const databaseUrl = await exampleDatabase('role-service', postgres)
  const running = await Promise.all(Object.entries(collectors).map((entry) => start(entry, databaseUrl)))
  try {
    for (const one of running) await turn(one)
    for (const one of running) one.turns = []
    const end = performance.now() + minutes * 60_000
    for (let n = 0; performance.now() < end; n++) {
      for (let i = 0; i < running.length; i++) await turn(running[(i + n) % running.length])
      for (const one of running) one.held.push((await one.service.measure()).heldBytes / mib)
    }
    const [normal, twin, ...broken] = running
    const moved = (one) => (usualP99(one) / usualP99(normal) - 1) * 100
    const noise = Math.abs(moved(twin))
    const usualFailures = Math.max(failuresOf(normal), failuresOf(twin))
    return broken.flatMap((one) => {
      const more = one.held.at(-1) - one.held[Math.floor(one.held.length / 4)]
      const [p99, failures] = [moved(one), failuresOf(one)]
      return [
        [`${one.name}: p99 moves`, `${p99.toFixed(1)} %`, `5 %, and ${noise.toFixed(1)} % of noise`, p99 <= 5 + noise],
        [`${one.name}: memory that is held`, `${more.toFixed(1)} MiB more`, '20 MiB', more <= 20],
        [`${one.name}: failures`, `${failures}`, `${usualFailures}, as without`, failures <= usualFailures],
      ]
    })
  } finally {
    for (const one of running) await one.stop()
    await postgres.stop()
  }
}

async function start([name, respond], databaseUrl) {
  const server = createServer((request, response) => request.resume().once('end', () => respond(response)))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `http://127.0.0.1:${server.address().port}/api/v2/spans`
  if (!respond) server.close()
  const service = await startExample('role-service', {
    DATABASE_URL: databaseUrl,
    OTEL_EXPORTER_ZIPKIN_ENDPOINT: endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '500',
  })
  const caller = callerOf(service.address)
  return {
    name,
    service,
    caller,
    turns: [],
    held: [],
    async stop() {
      caller.close()
      await service.kill()
      server.closeAllConnections()
      server.close()
    },
  }
}

async function turn({ caller, turns }) {
  turns.push(await load(rate, turnSeconds, () => succeeding(caller.send('GET', '/roles/1'))))
}

/** The median of the turns' p99: a turn that the machine has stalled is one turn. */
function usualP99({ turns }) {
  const each = turns.map((latencies) => percentile(latencies, 99)).sort((a, b) => a - b)
  return each[Math.floor(each.length / 2)]
}

const failuresOf = ({ turns }) => failed(turns.flat()).length
