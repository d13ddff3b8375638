/**
 * What tracing costs: `GET /users/:id` with one SELECT on a real PostgreSQL; without tracing, with tricube's, and with
 * OpenTelemetry's SDK, its batch processor and its Zipkin exporter, to the same collector.
 *
 *   npm run build && npm --prefix bench ci && npm --prefix bench/trace ci && npm --prefix bench/trace start
 *
 * Fails when, of an entire request, tracing each costs more than 10 %, or tracing one in a hundred more than 2 %.
 *
 * It has to say the same on a machine that does other things as well, and a difference of 2 % is less than what two
 * processes of the same program differ by. So:
 *
 * - All services live in one process and take turns of 64 requests, two milliseconds, in random order. Requests come from
 *   streams of that process (see ../http/quick/inProcess.mjs). Of the turns the cheapest twentieth counts, for whatever
 *   else runs can only add to them. "Not sampled" and "sampled" are even the same service, whose sampler changes its mind.
 * - Two services of the same sort differ by 2 % themselves, by where they lie in memory. So there are two without tracing, and
 *   two that do not sample, and of both sorts the cheaper one counts.
 * - The cheapest turns are those without a garbage collection and without an export, and tracing causes both. Exports are
 *   held back until a turn is over and measured apart, each a full batch, of 1024 spans (the SDK's: 512): encoded, sent, the response read;
 *   likewise the cheapest twentieth, and every request pays its share of a batch. What collections take is measured while
 *   one service has the process for itself, from all of them: their number, which is the same every time, by the median.
 * - The share is that of an entire request: one that comes over a socket, the kernel's part included, in the same turns.
 * - One in a hundred costs what a hundred that are not sampled do, and a hundredth of what sampling adds.
 * - Five such processes, one after the other; of their results the median. Every span has to reach the collector.
 *
 * CPU is that of the process, user and system, of all its threads. TURNS and PROCESSES make it shorter or longer.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { database } from 'tricube/sql'
import { startPostgres } from 'tricube/testing'
import { median } from '../http/statistics.mjs'

const processes = Number(process.env.PROCESSES ?? 5)
const turns = Number(process.env.TURNS ?? 500)
const bounds = { each: 10, 'one in a hundred': 2 }

const start = (file, env) =>
  fork(fileURLToPath(new URL(file, import.meta.url)), { env: { ...process.env, ...env }, serialization: 'advanced' })
const postgres = await startPostgres()
const db = database({ url: postgres.url() })
await db.script(`
  CREATE TABLE bench_users (id int PRIMARY KEY, name text, age int);
  INSERT INTO bench_users SELECT i, 'user ' || i, i % 90 FROM generate_series(1, 1000) i;`)
const collector = start('collector.mjs')
const [{ url: zipkin }] = await once(collector, 'message')

const costs = []
let sampled = 0
for (let i = 0; i < processes; i++) {
  const service = start('service.mjs', {
    ...{ DATABASE_URL: postgres.url(), PORT: '0', LOG_LEVEL: 'error', NODE_ENV: 'production' },
    ...{ ZIPKIN: zipkin, TURNS: String(turns) },
  })
  const [found] = await once(service, 'message')
  sampled += found.sampled
  costs.push(costsOf(found))
  console.log(
    `process ${i + 1}: ${Object.entries(costs[i].shares).map(([name, share]) => `${name} ${percent(share)}`)}`,
  )
}
collector.send('spans')
const [spans] = await once(collector, 'message')
collector.disconnect()
await db.close()
await postgres.stop()

const of = (pick) => median(costs.map(pick))
console.log(
  `\nnode ${process.version}; an entire request without tracing: ${of(({ overSocket }) => overSocket).toFixed(1)} µs of CPU`,
)
console.table(
  Object.fromEntries(
    ['tricube', 'sdk'].map((name) => [
      name === 'sdk' ? "OpenTelemetry's SDK" : name,
      Object.fromEntries(
        ['recording', 'exporting', 'collecting garbage', 'together'].map((what) => [
          `${what}, µs`,
          Number(of((cost) => cost[name][what]).toFixed(2)),
        ]),
      ),
    ]),
  ),
)
const checks = Object.entries(bounds).map(([name, bound]) => {
  const share = of(({ shares }) => shares[name])
  return [`tracing ${name}: ${percent(share)} of the request, at most ${bound} %`, share <= bound]
})
for (const name of ['tricube', 'sdk']) {
  const arrived = spans[name] / (2 * sampled)
  // The last batch, which is not full, stays in the queue when a process ends.
  checks.push([`${name}: ${(arrived * 100).toFixed(1)} % of the spans arrived, at least 99 %`, arrived >= 0.99])
}
for (const [what, holds] of checks) console.log(`${holds ? 'ok    ' : 'FAILED'} ${what}`)
process.exitCode = checks.every(([, holds]) => holds) ? 0 : 1

/** What a process has found, as microseconds of one request. */
function costsOf({ found, requestsOfCollections }) {
  const { none, noneTwin, unsampled, unsampledTwin, sampled, sdk, overSocket } = found
  const requests = ({ turns }) => cheapest(turns)
  const exporting = (...all) => cheapest(all.flatMap(({ batches }) => batches))
  const collecting = ({ collections }) => (median(collections) * collections.length) / requestsOfCollections
  const overSocketUs = requests(overSocket) + collecting(overSocket)
  const cost = (recording, exporting, garbage) => ({
    recording,
    exporting,
    'collecting garbage': garbage,
    together: recording + exporting + garbage,
  })
  const [noneUs, idleUs] = [
    [none, noneTwin],
    [unsampled, unsampledTwin],
  ].map((twins) => Math.min(...twins.map(requests)))
  // Less than nothing is noise.
  const unsampledUs = Math.max(0, idleUs - noneUs)
  const tricube = cost(
    unsampledUs + requests(sampled) - requests(unsampled),
    exporting(unsampled, sampled),
    collecting(sampled) - collecting(unsampled),
  )
  const oneInHundredUs = unsampledUs + (tricube.together - unsampledUs) / 100
  return {
    overSocket: overSocketUs,
    tricube,
    sdk: cost(requests(sdk) - noneUs, exporting(sdk), collecting(sdk) - collecting(none)),
    shares: {
      each: (tricube.together / overSocketUs) * 100,
      'one in a hundred': (oneInHundredUs / overSocketUs) * 100,
    },
  }
}

function cheapest(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 20)]
}

function percent(share) {
  return `${share.toFixed(1)} %`
}
