/**
 * The services of run.mjs in one process: `GET /users/:id` with one SELECT, without tracing, with tricube's, and with the
 * SDK's. It asks them in turns, sends what it has found, and ends.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { PerformanceObserver } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { contract, service, t } from 'tricube'
import { connectInProcess } from '../http/quick/inProcess.mjs'
import { cpuUs, Gate } from './gate.mjs'
import { internals } from '../internals.mjs'
import { sdkSpans } from './sdk.mjs'

const { zipkinExporter } = await internals('trace/export/exporters.ts')

const connections = 16
const turns = Number(process.env.TURNS)
const requestsPerTurn = 64
/** The recorder's, of two spans a request. */
const requestsPerBatch = 512
/** That of the SDK's batch processor. */
const requestsPerSdkBatch = 256
const batches = 30

const User = t.Object({ id: t.Integer(), name: t.String(), age: t.Integer() })
const userService = contract('user-service', {
  getUser: { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User },
})

let isSampled = false
const gates = { none: new Gate(), tricube: new Gate(), sdk: new Gate() }
const url = (sender) => `${process.env.ZIPKIN}?by=${sender}`
const sdk = sdkSpans((exporter) => gates.sdk.beforeSdk(exporter), url('sdk'))
const traced = () => ({
  trace: {
    exporter: gates.tricube.before(zipkinExporter({ service: 'user-service' }, { url: url('tricube') })),
    sampler: { isSampled: () => isSampled },
  },
})
const none = await start()
const tricube = await start(traced())
const bySdk = await start({ sdk })
const [noneTwin, tricubeTwin] = [await start(), await start(traced())]

const contenders = {
  none: { ask: none.ask, gate: gates.none },
  noneTwin: { ask: noneTwin.ask, gate: gates.none },
  unsampled: { ask: tricube.ask, gate: gates.tricube, sampling: false },
  unsampledTwin: { ask: tricubeTwin.ask, gate: gates.tricube, sampling: false },
  sampled: { ask: tricube.ask, gate: gates.tricube, sampling: true },
  sdk: { ask: bySdk.ask, gate: gates.sdk },
  overSocket: { ask: overSockets(none.port), gate: gates.none },
}
const found = {}
let sampled = 0
for (const [name, contender] of Object.entries(contenders)) {
  found[name] = { turns: [], batches: [] }
  for (let batch = 0; batch < batches; batch++) await turn(contender, requestsPerBatch) // to be compiled
}
for (let i = 0; i < turns; i++) {
  for (const name of shuffled(Object.keys(contenders))) {
    const { us, exports } = await turn(contenders[name], requestsPerTurn)
    const requests = name === 'sdk' ? requestsPerSdkBatch : requestsPerBatch
    found[name].turns.push(us / requestsPerTurn)
    found[name].batches.push(...exports.map((us) => us / requests))
  }
}
for (const name in contenders) found[name].collections = await collections(contenders[name])
process.send({ found, sampled, requestsOfCollections: batches * requestsPerBatch })
process.disconnect()
process.exit()

async function start({ trace, sdk } = {}) {
  const one = (db, id) => db.one`SELECT id, name, age FROM bench_users WHERE id = ${id}`
  const app = service(userService, {
    admission: false, // its load keeps it busy all the time
    trace: { opentelemetry: false, ...trace },
    handlers: {
      getUser: sdk
        ? ({ request, params, db }) => sdk.statement(request, () => one(db, params.id))
        : ({ params, db }) => one(db, params.id),
    },
  })
  sdk?.traceRequests(app.fastify)
  const { url } = await app.listen()
  let id = 0
  const request = () => `GET /users/${(id = (id % 1000) + 1)} HTTP/1.1\r\nhost: localhost\r\n\r\n`
  const { ask } = connectInProcess(app.fastify.server, { connections, request })
  await ask(connections)
  return { ask, port: Number(new URL(url).port) }
}

/** Some requests, then the batches that are full: the CPU microseconds of the one, and of each of the other. */
async function turn({ ask, gate, sampling }, requests) {
  isSampled = sampling
  if (sampling) sampled += requests
  const before = cpuUs()
  const failed = await ask(requests)
  await new Promise(setImmediate) // the ends of the last requests are told of then
  const us = cpuUs() - before
  if (failed > 0) throw new Error(`${failed} requests got no 200`)
  await new Promise(setImmediate) // the recorder brings its batches then
  return { us, exports: await gate.open() }
}

/** Microseconds of each garbage collection while a contender has the process for itself. */
async function collections(contender) {
  const each = []
  const note = (list) => each.push(...list.getEntries().map(({ duration }) => duration * 1000))
  const observer = new PerformanceObserver(note)
  await turn(contender, requestsPerBatch)
  observer.observe({ entryTypes: ['gc'] })
  for (let batch = 0; batch < batches; batch++) await turn(contender, requestsPerBatch)
  note({ getEntries: () => observer.takeRecords() })
  observer.disconnect()
  return each
}

/** Requests over sockets, the kernel's share included. */
function overSockets(port) {
  const client = fork(fileURLToPath(new URL('client.mjs', import.meta.url)))
  return async (requests) => {
    client.send({ port, requests })
    return (await once(client, 'message'))[0]
  }
}

function shuffled(names) {
  return names
    .map((name) => ({ name, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name)
}
